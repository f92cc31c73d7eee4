import { ApplicationFailure } from '@temporalio/common';
import { readLive } from '../drizzle/rows/live';
import { type PendingRow, pendingPages } from '../drizzle/rows/pendingPages';
import { fileOf, readCatalog } from '../jobs/catalog';
import { LATE } from './attempt/claimInTurn';
import type { RunMigrationResult } from './contract';
import type { Deps } from './deps';
import { type NotedReason, noteReasons } from './noteReason';
import { runWithoutTemporal } from './runWithoutTemporal';
import { unlessAborted } from './unlessAborted';
import type { Believed } from './whyNotReady';
import { whyNoneStarted } from './whyNotStarted';

/** What is run, and how. */
export interface InlineOptions {
  /** Default: all that are pending. */
  readonly names?: readonly string[] | undefined;
  /** Migrations at a time. */
  readonly concurrency: number;
  /** True: completes those that find nothing to do, and leaves the others to a worker. */
  readonly onlyIfEmpty?: boolean;
  /** Aborted: attempts stop at a safe point, and no other begins. */
  readonly signal: AbortSignal;
  readonly onEvent?: (event: InlineEvent) => void;
  /** So long the answers of ready() are waited for before the others begin. Default: a minute. */
  readonly askForMs?: number;
}

/** What became of one migration. */
export interface InlineResult {
  readonly name: string;
  /** 'left': it is as pending as before, and `reason` says why. */
  readonly outcome: RunMigrationResult['outcome'] | 'failed';
  readonly reason: string | null;
}

export type InlineEvent =
  | { readonly kind: 'started'; readonly name: string }
  /** An attempt ended with this error. The next one begins after `delay` milliseconds. */
  | {
      readonly kind: 'retried';
      readonly name: string;
      readonly error: string;
      readonly delay: number;
    }
  | ({ readonly kind: 'ended' } & InlineResult);

/**
 * Runs pending migrations without Temporal, in order of registration, until none is left that can be
 * started. Workers and other calls may do the same at the same time: the claim decides who runs a
 * migration.
 * @returns what became of each migration that was pending, also of those that could not be started
 */
export function runInline(deps: Deps, options: InlineOptions): Promise<InlineResult[]> {
  return new InlineRun(deps, options).run();
}

/** What is said of a migration that somebody else runs. */
const ELSEWHERE = 'run by another worker';
const TO_BE_REVERTED = 'left for a worker: it is to be reverted';
const STOPPED = 'stopped; the next run goes on';

/** Nobody waits longer for the answers of ready() before the others begin. Milliseconds. */
const ASK_FOR = 60_000;

class InlineRun {
  private readonly running = new Map<string, Promise<void>>();
  private readonly results = new Map<string, InlineResult>();
  private files: ReadonlyMap<string, string> = new Map();
  /** How many had ended when each ready() was asked last; undefined before. */
  private askedAt: number | undefined;
  /** When that was. By performance.now(). */
  private roundBegan = 0;
  /** For how many there was no time in the last look. */
  private passedOver = 0;

  constructor(
    private readonly deps: Deps,
    private readonly options: InlineOptions,
  ) {}

  async run(): Promise<InlineResult[]> {
    this.files = (await readCatalog(this.deps.settings.LRM_JOBS_DIR)).files;
    try {
      for (;;) {
        // What ready() has said is believed while others run, and asked again when none does.
        let left = await this.startReady(this.askedAt === undefined);
        if (this.running.size === 0 && this.results.size > (this.askedAt ?? 0)) {
          left = await this.startReady(true);
        }
        // Those come last that are behind many slow ones. In each look some more are asked.
        for (let before = Number.POSITIVE_INFINITY; this.mayGoOn(before); ) {
          before = this.passedOver;
          left = await this.startReady(false);
        }
        if (this.running.size === 0) return [...this.results.values(), ...(await this.note(left))];
        await Promise.race(this.running.values());
      }
    } finally {
      await Promise.allSettled(this.running.values());
    }
  }

  /** Fills the free slots. Returns the migrations that it has found and not started. */
  private async startReady(askAgain: boolean): Promise<NotedReason[]> {
    const { db, settings } = this.deps;
    const now = performance.now();
    if (askAgain) {
      this.askedAt = this.results.size;
      this.roundBegan = now;
    }
    this.passedOver = 0;
    const { signal, askForMs = ASK_FOR } = this.options;
    const believed = {
      // While others run, older answers will do.
      forMs: this.running.size > 0 ? Number.POSITIVE_INFINITY : 0,
      since: this.roundBegan,
      until: now + askForMs,
      signal,
      onPassedOver: () => {
        this.passedOver += 1;
      },
    };
    const left: NotedReason[] = [];
    const live = await readLive(db, settings.LRM_HEARTBEAT_TIMEOUT);
    // Completed ones are no longer pending, and of many targets they would make a long list.
    const others = [...this.results.values()].filter(({ outcome }) => outcome !== 'completed');
    const except = [...this.running.keys(), ...others.map(({ name }) => name)];
    for await (const page of pendingPages(db, { except, only: this.options.names })) {
      const reasons = await this.reasonsOf(page, believed);
      const startable = page.filter(({ name }) => !reasons.has(name));
      for (const { name } of startable.filter((row) => !live.includes(row.name))) {
        if (!this.isFull()) this.start(name);
      }
      if (this.isFull()) return [];
      for (const row of page) {
        const reason = reasons.get(row.name) ?? (live.includes(row.name) ? ELSEWHERE : undefined);
        if (reason !== undefined) left.push({ row, reason });
      }
    }
    return this.takeOver(left);
  }

  private async reasonsOf(
    page: readonly PendingRow[],
    believed: Believed,
  ): Promise<Map<string, string>> {
    const { signal, onlyIfEmpty } = this.options;
    const reasons = signal.aborted
      ? null
      : await unlessAborted(
          signal,
          onlyIfEmpty ? this.reasonsIfEmpty(page, believed) : this.reasonsNow(page, believed),
        );
    return reasons ?? new Map(page.map(({ name }) => [name, STOPPED]));
  }

  /** `lrm migrate --complete-on-empty` must not undo anything. */
  private async reasonsIfEmpty(
    page: readonly PendingRow[],
    believed: Believed,
  ): Promise<Map<string, string>> {
    const forward = page.filter(({ direction }) => direction === 'forward');
    const reverts = page.filter((row) => !forward.includes(row));
    return new Map([
      ...(await this.reasonsNow(forward, believed)),
      ...reverts.map(({ name }) => [name, TO_BE_REVERTED] as const),
    ]);
  }

  private reasonsNow(
    page: readonly PendingRow[],
    believed: Believed,
  ): Promise<Map<string, string>> {
    const candidates = page.map((row) => ({ ...row, file: fileOf(this.files, row.name) }));
    return whyNoneStarted(this.deps, candidates, believed);
  }

  /**
   * An attempt that is alive may belong to a worker that has just died. Whoever waits for it blocks a
   * slot, so such migrations come last.
   */
  private takeOver(left: readonly NotedReason[]): NotedReason[] {
    if (this.options.onlyIfEmpty || this.running.size > 0) return [...left];
    const elsewhere = left.filter(({ reason }) => reason === ELSEWHERE);
    for (const { row } of elsewhere) if (!this.isFull()) this.start(row.name);
    return left.filter(({ reason }) => reason !== ELSEWHERE);
  }

  /** Only now: what waits for a migration of this run must not say so in the meantime. */
  private async note(left: readonly NotedReason[]): Promise<InlineResult[]> {
    const noted = left.filter(({ reason }) => reason !== ELSEWHERE && reason !== STOPPED);
    await noteReasons(this.deps, noted);
    return left.map(({ row, reason }) => ({ name: row.name, outcome: 'left', reason }));
  }

  /** Whether another look may ask some that nobody has asked since the round began. */
  private mayGoOn(before: number): boolean {
    const { passedOver, running, options } = this;
    return running.size === 0 && passedOver > 0 && passedOver < before && !options.signal.aborted;
  }

  private isFull(): boolean {
    return this.running.size >= this.options.concurrency;
  }

  private start(name: string): void {
    this.options.onEvent?.({ kind: 'started', name });
    const ended = this.one(name, fileOf(this.files, name) as string).then((result) => {
      this.running.delete(name);
      this.results.set(name, result);
      this.options.onEvent?.({ kind: 'ended', ...result });
    });
    this.running.set(name, ended);
  }

  private async one(name: string, file: string): Promise<InlineResult> {
    const { signal, onlyIfEmpty = false, onEvent } = this.options;
    try {
      const { outcome, reason = null } = await runWithoutTemporal(this.deps, name, file, {
        throttled: !onlyIfEmpty,
        onlyIfEmpty,
        signal,
        onRetry: (error, delay) => onEvent?.({ kind: 'retried', name, error, delay }),
      });
      return { name, outcome, reason: reason === LATE ? ELSEWHERE : reason };
    } catch (error) {
      if (error instanceof ApplicationFailure) {
        return { name, outcome: 'failed', reason: error.message };
      }
      if (signal.aborted) return { name, outcome: 'left', reason: STOPPED };
      throw error;
    }
  }
}
