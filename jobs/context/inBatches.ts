import type { Attempt, Transaction } from './attempt';
import { BadRows } from './badRows';
import { type Batch, createBatch, enterBatch } from './batch';
import type { BatchTimes, Retried } from './batchTimes';
import { DatabaseTime, type Took } from './databaseTime';
import { Meanwhile } from './meanwhile';
import type { TableReference } from './names';
import type { BatchOptions, GroupOptions, ResolvedBatchOptions } from './options';
import { paceOf } from './paceOf';
import { SkippedAgain } from './skippedAgain';
import { DatabaseShare } from './throttle/databaseShare';
import type { Throttler } from './throttle/throttler';
import type { Throttles } from './throttle/throttles';
import { backOff, TRIES_AT_MOST } from './walk/backOff';
import { BatchSize } from './walk/batchSize';
import type { EarlyTransaction } from './walk/earlyTransaction';
import { firstRows } from './walk/firstRows';
import { GroupTooLarge } from './walk/groupTooLarge';
import { runLanes } from './walk/lanes';
import { LockWaiters } from './walk/lockWaiters';
import { prefetch } from './walk/prefetch';
import type { Range } from './walk/range';
import { TableWalk } from './walk/tableWalk';
import type { Tally } from './walk/tally';
import { type Trouble, troubleOf } from './walk/trouble';

/** The author's code for one batch. It changes the batch's rows through `tx`. */
export type BatchBody = (tx: Transaction, batch: Batch) => PromiseLike<unknown>;

/** A range with so many times the rows that a batch should have is cut: somebody else is back. */
const TOO_LONG = 3;
/** What we do between two batches is no part of a longer one that would be worth saving. Milliseconds. */
const SHORT = 20;
/** A smaller change of the target time is chance. */
const WORTH_A_CHANGE = 0.05;

/** Walks a table in batches. Each takes effect exactly once; see JobContext.inBatches. */
export async function inBatches(
  attempt: Attempt,
  tally: Tally,
  throttles: Throttles,
  times: BatchTimes,
  name: string,
  table: TableReference,
  options: BatchOptions | GroupOptions,
  settings: ResolvedBatchOptions,
  body: BatchBody,
): Promise<void> {
  const { durable } = settings;
  const walk = await TableWalk.open(attempt, tally, name, table, { ...options, durable });
  if (!walk) return;
  const skips = settings.maxSkipped !== undefined;
  const { lanes, targetMs } = settings;
  const { tableId } = walk.key;
  const of = { tableId, throttle: options.throttle, lanes, targetMs };
  await throttles.during(attempt, of, async (throttler) => {
    await new SkippedAgain(attempt, walk, skips, throttler, body).run();
    if (walk.isComplete) return;
    const first = await firstRows(attempt, walk.stored, walk.key);
    const batches = new Batches(attempt, walk, settings, first, throttler, times, body);
    await times.during(
      () => paceOf(throttler),
      () => batches.run(),
    );
  });
  if (!walk.isComplete) await walk.complete();
}

/** The batches of one walk in one attempt. */
class Batches {
  readonly #size: BatchSize;
  readonly #share = new DatabaseShare();
  readonly #waiters: LockWaiters;
  /**
   * Batches that were rolled back and tried again. Shows how often locks and timeouts are in the
   * way.
   */
  #retried = 0;
  /** Undefined: a bad row fails the migration. */
  readonly #badRows: BadRows | undefined;
  readonly #next: () => Promise<Range | undefined>;

  constructor(
    private readonly attempt: Attempt,
    private readonly walk: TableWalk,
    private readonly settings: ResolvedBatchOptions,
    first: number,
    private readonly throttler: Throttler,
    private readonly times: BatchTimes,
    private readonly body: BatchBody,
  ) {
    this.#size = new BatchSize(settings.bounds, settings.targetMs, first);
    this.#waiters = new LockWaiters(attempt);
    const { maxSkipped } = settings;
    this.#badRows = maxSkipped === undefined ? undefined : new BadRows(attempt, walk, maxSkipped);
    this.#next = prefetch(
      walk.ranges(() => this.#rows),
      () => throttler.lanesNow,
    );
  }

  async run(): Promise<void> {
    const ended = new AbortController();
    const watching = this.#waiters.watch(ended.signal, () => this.#size.halve());
    try {
      const lane = (stop: AbortSignal, number: number) => this.#lane(stop, number);
      await runLanes(this.throttler.lanes, this.attempt.signal, lane);
    } finally {
      ended.abort();
      await watching;
    }
  }

  async #lane(stop: AbortSignal, lane: number): Promise<void> {
    const meanwhile = new Meanwhile();
    try {
      await this.#batches(stop, lane, meanwhile);
    } catch (error) {
      // The first error says why the lane ends.
      await meanwhile.end().catch(() => {});
      throw error;
    }
    await meanwhile.end();
  }

  /** Does one range after the other, until none is left or the lane has to stop. */
  async #batches(stop: AbortSignal, lane: number, meanwhile: Meanwhile): Promise<void> {
    const parts: Range[] = [];
    const later: Range[] = [];
    for (let failures = 0; ; ) {
      const isFree = parts.length === 0 && later.length === 0;
      if (isFree && !(await this.throttler.mayWork(lane, stop))) return;
      const range = parts.shift() ?? (await this.#nextOf(later));
      if (!range) return this.throttler.over();
      if (stop.aborted) return;
      await this.throttler.waitForTurn(stop);
      const time = new DatabaseTime();
      const early = meanwhile.early();
      const work = () => this.#do(range, early, () => meanwhile.soon());
      let id: bigint;
      try {
        id = await this.throttler.working(() => time.during(work));
      } catch (error) {
        await early?.end();
        const ofData = this.#isOfData(error);
        if (!ofData) failures += 1;
        try {
          const again = ofData
            ? this.#cut(range, error)
            : this.#again(range, error, failures, stop);
          parts.unshift(...(await again));
        } catch (final) {
          this.walk.failed(range, final);
          throw final;
        }
        continue;
      }
      failures = 0;
      // Outside of the try: a batch that has committed must not be tried again.
      const took = time.read(this.throttler.lanesNow, meanwhile.ms);
      await meanwhile.done();
      const book = () => this.#committed(range, id, took);
      if (this.#isWorthLeaving(took.ms)) {
        meanwhile.leave({ book, begin: this.#isWorthBeginning(stop) ? this.#begin : undefined });
        continue;
      }
      await book();
      await this.throttler.rest(took.databaseMs, stop);
    }
  }

  /** A lane that rests does it right after its batch, and the rest follows from what was noted. */
  #isWorthLeaving(ms: number): boolean {
    return ms <= SHORT && this.throttler.dutyCycle >= 1 && !this.attempt.dry;
  }

  /**
   * Other lanes keep the database busy anyway, and need the sessions. In a further database the main
   * one's fence would be held, too.
   */
  #isWorthBeginning(stop: AbortSignal): boolean {
    return this.throttler.lanesNow === 1 && !this.attempt.home && !stop.aborted;
  }

  readonly #begin = () => this.walk.beginEarly();

  /** How many rows the next batch should have. */
  get #rows(): number {
    const { batchMs } = this.throttler;
    const target = Math.min(this.settings.targetMs, this.#share.inAll(batchMs));
    // Each change makes the size find its place anew.
    if (Math.abs(target / this.#size.targetMs - 1) > WORTH_A_CHANGE) this.#size.targetMs = target;
    return this.#size.rows;
  }

  /** The next range. It may have been looked up when batches were longer: then the rest comes later. */
  async #nextOf(later: Range[]): Promise<Range | undefined> {
    const range = later.shift() ?? (await this.#next());
    const { isMeasured } = this.throttler;
    if (!range || !isMeasured || range.matching < TOO_LONG * this.#rows) return range;
    const [first, ...rest] = await this.walk.split(range, this.#rows);
    later.unshift(...rest);
    return first;
  }

  async #committed(range: Range, id: bigint, { ms, databaseMs }: Took): Promise<void> {
    this.times.took(ms, () => ({
      walk: this.walk.stored.name,
      table: this.walk.key.tableName,
      rows: range.rows,
    }));
    this.throttler.did(range.rows, ms, databaseMs);
    this.throttler.lookedUp(this.walk.lookUps);
    if (range.matching > 0) {
      this.#share.took(ms, databaseMs);
      this.#size.took(range.matching, ms);
    }
    await this.#report(range, ms);
    await this.walk.finished(range, id, {
      ...this.#size.details,
      ...this.throttler.details,
      batchesRetried: this.#retried,
    });
  }

  /** For a dry run. */
  async #report({ rows, matching }: Range, ms: number): Promise<void> {
    const { walk, throttler } = this;
    const { name, rowsTotal: total } = walk.stored;
    const over = walk.key.tableName;
    const { lanes, dutyCycle } = throttler;
    const batch = { walk: name, over, rows, matching, ms, total, lanes, dutyCycle };
    await this.attempt.dry?.batch(batch);
  }

  /**
   * Commits a range. A single row that fails because of its data is left out.
   * @param early its transaction, if that was begun before
   * @param busy to be called when the database is about to be busy
   */
  async #do(
    range: Range,
    early: EarlyTransaction<boolean> | undefined,
    busy: () => void,
  ): Promise<bigint> {
    const bad = this.#badRows;
    const hasRows = bad ? await bad.hasRows(range) : range.matching > 0;
    try {
      return await this.#commit(range, hasRows, early, busy);
    } catch (error) {
      const id = await bad?.skip(range, error);
      if (id === undefined) throw error;
      return id;
    }
  }

  async #commit(
    range: Range,
    hasRows: boolean,
    early: EarlyTransaction<boolean> | undefined,
    busy: () => void,
  ): Promise<bigint> {
    const { attempt, walk } = this;
    // A body that caught an error of Postgres has left an aborted transaction. Storing the range then
    // fails, and nothing is taken for done.
    const work: Parameters<TableWalk['commit']>[1] = (tx, { pid }) =>
      this.#waiters.during(pid, async () => {
        // A range without matching rows needs no change, but it has to be stored as done.
        if (hasRows) {
          enterBatch(tx, walk.key, range);
          const batch = createBatch(tx, walk.key, walk.where, range);
          const { dry } = attempt;
          busy();
          await (dry ? dry.watch(() => this.body(tx, batch)) : this.body(tx, batch));
        }
        return true;
      });
    const id = await walk.commit(range, work, early);
    if (id === undefined) throw new Error('an INSERT returned no row');
    return id;
  }

  /** Trouble may come from any row: it is not the data. */
  #isOfData(error: unknown): boolean {
    return troubleOf(error) === undefined && (this.#badRows?.isOfData(error) ?? false);
  }

  /** Returns the parts to try after an error of the data. */
  async #cut(range: Range, error: unknown): Promise<Range[]> {
    this.attempt.signal.throwIfAborted();
    this.#countRetry('data');
    if (!this.#badRows) throw error;
    return this.#badRows.cut(range);
  }

  /**
   * Returns what to try after a failure: the same range, or two halves after a timeout.
   * @throws the error, when a retry can't fix it or the batch has failed too often.
   */
  async #again(
    range: Range,
    error: unknown,
    failures: number,
    stop: AbortSignal,
  ): Promise<Range[]> {
    const trouble = troubleOf(error);
    if (!trouble) throw error;
    if (failures >= TRIES_AT_MOST) throw this.#hopeless(range, trouble, error);
    this.#countRetry(trouble);
    await backOff(failures, stop);
    if (trouble === 'conflict') return [range];
    this.#size.halve();
    if (range.rows < 2) return [range];
    return this.walk.split(range, Math.max(1, Math.floor(range.matching / 2)));
  }

  #countRetry(why: Retried): void {
    this.#retried += 1;
    this.times.retried(why);
  }

  #hopeless(range: Range, trouble: Trouble, error: unknown): unknown {
    const { grouped, tableName } = this.walk.key;
    if (!grouped || trouble !== 'timeout') return error;
    return new GroupTooLarge(tableName, range.rows, TRIES_AT_MOST, error);
  }
}
