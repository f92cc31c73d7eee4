import { readInstallationId } from '../drizzle/rows/installation';
import { type PendingRow, pendingPages } from '../drizzle/rows/pendingPages';
import { fileOf, readCatalog } from '../jobs/catalog';
import { AT_ONCE } from '../jobs/process/askJob';
import type { ListInput, Listing, NotStarted, Ready } from './contract';
import type { Deps } from './deps';
import { limitsFor } from './limitsFor';
import { type NotedReason, noteReasons } from './noteReason';
import { readOverview } from './overview';
import { askEverybody, type Believed, whyNotReady } from './whyNotReady';
import { judge, newKnown } from './whyNotStarted';

/** A listing that follows another one does not ask again. Milliseconds. */
const BELIEVED_FOR = 60_000;
/** Temporal gives a listing five minutes. No ready() is asked after this part of them. Milliseconds. */
const ASK_FOR = 60_000;

/** Names in one listing: payloads stay small, however many migrations are registered. */
const NAMES_AT_MOST = 100;

/**
 * Finds the migrations that can be started now, in order of registration, as many as there are free
 * slots. A migration whose dependencies are not completed, whose `ready()` gives a reason to wait, or
 * whose code this worker lacks, is not started. Its row says why, and no attempt is counted.
 */
export async function listPendingMigrations(deps: Deps, input: ListInput): Promise<Listing> {
  const slots = freeSlots(deps, input);
  const { ready, left, expected } = await new Search(deps, input, slots).run();
  if (slots > 0) deps.jobProcesses.expect(expected);
  const first = [...input.running, ...ready.map(({ name }) => name)];
  return {
    ready,
    left,
    overview: await readOverview(deps.db, first),
    installation: await readInstallationId(deps.db),
    settings: { retryInitialInterval: deps.settings.LRM_RETRY_INITIAL_INTERVAL },
  };
}

function freeSlots({ settings }: Deps, { only, running, extra }: ListInput): number {
  if (only) return only.length;
  return Math.max(0, settings.LRM_MAX_CONCURRENT - (running.length - extra));
}

/** A pending migration whose turn it is, and why it is not started: ready() may still be asked. */
interface Judged {
  readonly row: PendingRow;
  readonly file: string | undefined;
  readonly reason: string | null | Promise<string | null>;
}

/** What a listing has found. */
interface Found extends Pick<Listing, 'ready' | 'left'> {
  /** By the file of the job. */
  readonly expected: ReadonlyMap<string, number>;
}

class Search {
  private readonly ready: Ready[] = [];
  private readonly first: NotStarted[] = [];
  private count = 0;
  /** Those that have a slot or would get one, as far as the pages were read. */
  private readonly expected = new Map<string, number>();
  /** Those whose ready() is asked at the same time, in order of registration. */
  private asked: Judged[] = [];
  private readonly believed: Believed;
  private readonly known = newKnown();
  /** Of this page: they are stored together. */
  private noted: NotedReason[] = [];

  constructor(
    private readonly deps: Deps,
    private readonly input: ListInput,
    private readonly slots: number,
  ) {
    const forMs = input.askAgain ? askEverybody() : BELIEVED_FOR;
    this.believed = { forMs, until: performance.now() + ASK_FOR };
  }

  async run(): Promise<Found> {
    const { deps, slots } = this;
    const { running, skip, only } = this.input;
    const { files } = await readCatalog(deps.settings.LRM_JOBS_DIR);
    const except = only ? running : [...running, ...skip];
    for await (const page of pendingPages(deps.db, { except, only })) {
      for (const row of page) {
        const file = fileOf(files, row.name);
        // It costs nothing to see that a file is missing. To read dependencies may take a process.
        if (slots > 0 && this.isFull() && file) {
          this.expect(file);
          continue;
        }
        await this.judge(row, file);
      }
      await this.settleAsked();
      await noteReasons(this.deps, this.noted.splice(0));
      // Without a free slot, too, the first page is judged: the result says what is not started.
      if (this.isFull()) break;
    }
    return {
      ready: this.ready,
      left: { count: this.count, first: this.first },
      expected: this.expected,
    };
  }

  private expect(file: string): void {
    this.expected.set(file, (this.expected.get(file) ?? 0) + 1);
  }

  private isFull(): boolean {
    return this.ready.length >= Math.min(this.slots, NAMES_AT_MOST);
  }

  private async judge(row: PendingRow, file: string | undefined): Promise<void> {
    const { name } = row;
    const { reason = null, asks } =
      (await judge(this.deps, [{ ...row, file }], this.known)).get(name) ?? {};
    if (!file || !asks) {
      // In order of registration: an earlier one that is asked may take the slot.
      if (reason === null) await this.settleAsked();
      return this.settle({ row, file, reason });
    }
    // Without a free slot nobody needs to know.
    if (this.slots === 0) return;
    this.asked.push({ row, file, reason: whyNotReady(this.deps, name, file, this.believed) });
    if (this.asked.length >= AT_ONCE) await this.settleAsked();
  }

  private async settleAsked(): Promise<void> {
    for (const judged of this.asked.splice(0)) await this.settle(judged);
  }

  private async settle({ row, file, reason: given }: Judged): Promise<void> {
    const reason = await given;
    if (reason !== null) {
      this.noted.push({ row, reason });
      this.count++;
      if (this.first.length < NAMES_AT_MOST) this.first.push({ name: row.name, reason });
    } else if (file) {
      this.expect(file);
      if (!this.isFull()) this.ready.push(await withLimits(this.deps, file, row));
    }
  }
}

async function withLimits(
  deps: Deps,
  file: string,
  { name, direction }: PendingRow,
): Promise<Ready> {
  const { startToClose, heartbeatTimeout } = await limitsFor(deps, file);
  const revert = direction === 'revert' ? { revert: true } : {};
  return { name, startToCloseTimeout: startToClose, heartbeatTimeout, ...revert };
}
