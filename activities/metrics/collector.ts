import type { Database } from '../../drizzle/database';
import { type Monitored, readMonitored } from '../../drizzle/rows/monitored';
import { migrationStatus } from '../../drizzle/schema';
import { sqlState } from '../../drizzle/sqlState';
import type { Log } from '../log';
import { type Instruments, NOTHING } from './instruments';

/** As often as Prometheus looks by default, or a little more. Milliseconds. */
const EVERY = 10_000;
/** After an attempt has begun or ended, so that its worker does not say two things. Milliseconds. */
const SOON = 1_000;
/** With very many rows it is less often, so that looking stays a small part of the time. */
const SHARE = 0.02;
/** More names would be too many series for one page. */
const JOBS_AT_MOST = 500;

const STATUSES = migrationStatus.enumValues;

/**
 * Shows what the database says of all migrations, also of those that other workers run. So nothing is
 * lost or left behind when a migration changes its worker: all workers say the same.
 */
export class Collector {
  readonly #shown = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #nextAt = 0;
  /** Never more often than this. Milliseconds. */
  #least = SOON;
  #changed = false;
  #closed = false;
  #failing = false;

  constructor(
    private readonly db: Database,
    private readonly log: Log,
    private readonly instruments: Instruments,
  ) {}

  /** Reads now, and from then on again and again. */
  async run(): Promise<void> {
    this.#timer = undefined;
    this.#changed = false;
    const begun = performance.now();
    await this.#look();
    this.#least = Math.max(SOON, (performance.now() - begun) / SHARE);
    this.#in(this.#changed ? this.#least : Math.max(EVERY, this.#least));
  }

  /** To be called when something has changed on this worker. */
  soon(): void {
    this.#changed = true;
    // Without a timer, it is reading now.
    if (this.#timer && this.#nextAt - performance.now() > this.#least) this.#in(this.#least);
  }

  /** Ends it. What it has shown is not true for ever. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#forget();
    this.instruments.databaseUp.set(NOTHING);
    this.instruments.readAt.set(NOTHING);
  }

  #in(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#nextAt = performance.now() + ms;
    this.#timer = setTimeout(() => void this.run(), ms).unref();
  }

  async #look(): Promise<void> {
    try {
      const found = await readMonitored(this.db);
      if (this.#closed) return;
      this.#show(found);
      this.#failing = false;
    } catch (error) {
      if (this.#closed) return;
      // Once for each time that it does not answer: attempts log the same, too.
      if (!this.#failing) this.log.warn({ code: sqlState(error) }, 'could not read the metrics');
      this.#failing = true;
      this.#forget();
      this.instruments.databaseUp.set(0);
    }
  }

  #show(found: readonly Monitored[]): void {
    const { instruments } = this;
    for (const status of STATUSES) {
      const count = found.reduce((sum, { statuses }) => sum + (statuses[status] ?? 0), 0);
      instruments.migrations.set(count, { status });
    }
    for (const [explained, key] of [
      ['false', 'unexplained'],
      ['true', 'explained'],
    ] as const) {
      const longest = Math.max(0, ...found.map(({ pendingFor }) => pendingFor[key] ?? 0));
      instruments.oldestPending.set(longest, { explained });
    }
    for (const each of found) if (this.#isShown(each)) this.#showOne(each);
    const there = new Set(found.map(({ job }) => job));
    for (const job of this.#shown) if (!there.has(job)) this.#showNothing(job);
    instruments.databaseUp.set(1);
    instruments.readAt.set(Date.now() / 1_000);
  }

  /** What ended long ago is shown only where it was shown before: a gauge can't be removed. */
  #isShown({ job, isRecent }: Monitored): boolean {
    const isShown = this.#shown.has(job) || (isRecent && this.#shown.size < JOBS_AT_MOST);
    if (isShown) this.#shown.add(job);
    return isShown;
  }

  #showOne(one: Monitored): void {
    const { status, rowsInAll, ratio, sinceProgress, silent, remaining } = this.instruments;
    const migration = one.job;
    for (const each of STATUSES) status.set(one.statuses[each] ?? 0, { migration, status: each });
    this.instruments.rowsDone.set(one.rowsDone, { migration });
    this.instruments.skipped.set(one.skipped, { migration });
    rowsInAll.set(one.rowsInAll ?? NOTHING, { migration });
    ratio.set(one.ratio ?? NOTHING, { migration });
    sinceProgress.set(positive(one.sinceProgress), { migration });
    silent.set(positive(one.silent), { migration });
    remaining.set(one.remaining ?? NOTHING, { migration });
  }

  /** Its registration is gone, or nobody knows. */
  #showNothing(migration: string): void {
    const { status, rowsDone, rowsInAll, ratio, sinceProgress, silent, remaining, skipped } =
      this.instruments;
    for (const each of STATUSES) status.set(NOTHING, { migration, status: each });
    const gauges = [rowsDone, rowsInAll, ratio, sinceProgress, silent, remaining, skipped];
    for (const gauge of gauges) gauge.set(NOTHING, { migration });
  }

  #forget(): void {
    const { migrations, oldestPending } = this.instruments;
    for (const status of STATUSES) migrations.set(NOTHING, { status });
    for (const explained of ['false', 'true']) oldestPending.set(NOTHING, { explained });
    for (const job of this.#shown) this.#showNothing(job);
  }
}

/** now() may be a little before what another transaction wrote. */
const positive = (seconds: number | null): number =>
  seconds === null ? NOTHING : Math.max(0, seconds);
