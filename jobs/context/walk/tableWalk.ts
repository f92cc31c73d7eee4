import type { SQL } from 'drizzle-orm';
import { Prepared } from '../../../drizzle/prepared';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import type { WalkRow } from '../../../drizzle/schema';
import { type Statement, statement } from '../../../drizzle/statement';
import type { Landed } from '../../../drizzle/transaction';
import { type Attempt, attemptFlights, type Transaction } from '../attempt';
import type { TableReference } from '../names';
import type { ResolvedBatchOptions, WalkOptions } from '../options';
import { type Along, readAlong } from './along';
import type { Gap } from './boundary';
import { EarlyTransaction } from './earlyTransaction';
import { gapsAndFinished, sameKey } from './gaps';
import type { Key, Walked } from './key';
import { beginning, beginWalk, readKnown } from './known';
import { explainLabels, labelsChanged } from './labels';
import { Ledger } from './ledger';
import { lookUp } from './lookUp';
import type { KeyValues, Range } from './range';
import { asFound, asWritten } from './shape';
import type { RowAgain } from './skippedRows';
import { completeWalk, explainRefused, type Finished, fold, insertFinished } from './store';
import {
  describeLocked,
  type Entered,
  enterStatements,
  isSameKey,
  readEntered,
  TableChanged,
} from './tableState';
import type { Tally } from './tally';

/** After a crash, the next attempt has this much more to read. No work is lost. */
const FOLD_EVERY_MS = 1_000;

/** A walk along a table's key: its position in this attempt and in the database. */
export class TableWalk {
  readonly #ledger = new Ledger();
  #key: Key;
  /** The first statements of each of its transactions. */
  #first: readonly Statement[];
  /** The low-water mark that this attempt knows to be stored. */
  #mark: KeyValues | null;
  #rowsDone: number;
  #foldedAt = performance.now();
  #folding: Promise<void> = Promise.resolve();

  private constructor(
    private readonly attempt: Attempt,
    private readonly tally: Tally,
    private readonly row: WalkRow,
    private readonly walked: Walked,
    key: Key,
    readonly where: SQL | undefined,
    /** The ranges above the low-water mark that earlier attempts have finished. */
    private readonly before: readonly Finished[],
    /** The rows that were skipped, and that an operator wants to be done again. */
    readonly again: readonly RowAgain[],
    /** How many rows of the walk are recorded as skipped. */
    public skipped: number,
    private readonly durable: boolean,
  ) {
    this.#key = key;
    this.#first = this.#enter();
    this.#mark = row.lowWaterMark;
    this.#rowsDone = before.reduce((sum, { rows }) => sum + rows, row.rowsDone);
  }

  /** How many transactions have only looked for ranges. The throttle tells them from the application's. */
  lookUps = 0;

  get key(): Key {
    return this.#key;
  }

  /** Whether an earlier attempt has completed it, so that only skipped rows are to be done again. */
  get isComplete(): boolean {
    return this.row.completedAt !== null;
  }

  /** What the database knew about the walk when the attempt opened it. */
  get stored(): WalkRow {
    return this.row;
  }

  /**
   * Begins the walk, or continues it. Returns undefined when it is complete, and no row of it is to
   * be done again.
   * @throws JobUsageError when the walk can't go along the key, or began over something else.
   */
  static async open(
    attempt: Attempt,
    tally: Tally,
    name: string,
    table: TableReference,
    options: Along & Pick<WalkOptions, 'where'> & Pick<ResolvedBatchOptions, 'durable'>,
  ): Promise<TableWalk | undefined> {
    const walked = readAlong(table, options);
    const written = asWritten(walked, options.where);
    const known = await readKnown(attempt, name, walked, written);
    if (known.kind === 'completed') {
      // The table is not looked up: it may have been dropped since.
      const { rowsDone } = known.row;
      tally.report(name, { done: rowsDone, total: rowsDone });
      return undefined;
    }
    const shape = { ...written, ...asFound(known.key) };
    const begun = known.row ?? (await beginning(attempt, known.key));
    if (begun.upperBound !== null) await attempt.hasRows?.(`table ${known.key.tableName}`);
    const row = known.row ?? (await beginWalk(attempt, name, shape, begun, known.key));
    const { where } = options;
    // What its job remembers in the main database must not outlive it.
    const durable = options.durable || attempt.home !== undefined;
    const { finished, again, skipped } = known;
    const walk = new TableWalk(
      attempt,
      tally,
      row,
      walked,
      known.key,
      where,
      finished,
      again,
      skipped,
      durable,
    );
    walk.#report();
    return walk;
  }

  /**
   * The ranges that are still to do, in the walk's order. Each is looked up when it is asked for.
   * @param size gives the number of matching rows that the next range should have
   */
  async *ranges(size: () => number): AsyncGenerator<Range, void> {
    for (const part of gapsAndFinished(this.row, this.before)) {
      if ('id' in part) this.#ledger.addFinished(part);
      else yield* this.#rangesOf(part, size);
    }
  }

  /**
   * Cuts a range in two, the first with `size` matching rows. Returns one where it can't be cut.
   */
  async split(range: Range, size: number): Promise<Range[]> {
    const [first] = await this.#lookUp(range, size, 1);
    if (!first || sameKey(first.upto, range.upto)) return [range];
    const rest = {
      after: first.upto,
      upto: range.upto,
      rows: Math.max(0, range.rows - first.rows),
      // At least one: rows may have come to match since.
      matching: Math.max(1, range.matching - first.matching),
    };
    this.#ledger.replace(range, [first, rest]);
    return [first, rest];
  }

  /**
   * Does a range in one transaction, and stores that it is done.
   * @param work changes the rows. False: the range is not done, and nothing is stored
   * @param early the transaction, if it was begun before
   * @returns the ID of the stored range; undefined when nothing is stored
   * @throws Superseded; AttemptOutdated when the table or its key has changed; JobUsageError when
   *   `work` has ended the transaction
   */
  async commit(
    range: Range,
    work: (tx: Transaction, entered: Entered) => Promise<boolean>,
    early?: EarlyTransaction<boolean>,
  ): Promise<bigint | undefined> {
    let entered: Entered | undefined;
    let returned = false;
    const store = (done: boolean) => {
      returned = true;
      return done && entered
        ? statement(this.attempt.db, insertFinished(this.row, this.#key, entered, range))
        : undefined;
    };
    try {
      const last = this.attempt.dry ? undefined : store;
      const body = (tx: Transaction, found: Entered) => {
        entered = found;
        return work(tx, found);
      };
      const { result, rows } =
        (await early?.land({ body, last })) ?? (await this.transaction(body, last));
      if (this.attempt.dry && result) return 0n;
      if (rows[0]) this.attempt.progressed();
      return rows[0] && BigInt(String(rows[0]['id']));
    } catch (error) {
      const why = returned ? explainRefused(error, this.#key) : error;
      throw await explainLabels(this.attempt.db, this.#key, why);
    }
  }

  /** Begins the transaction of the next batch. To be ended if no batch comes. */
  beginEarly(): EarlyTransaction<boolean> {
    return new EarlyTransaction(({ body, last }) => this.transaction(body, last));
  }

  /**
   * A transaction of the walk. It is fenced, and the table and its key are still the same. Until it
   * ends, nobody can change the table's definition.
   * @throws Superseded; AttemptOutdated when the table or its key has changed.
   */
  transaction<T>(
    body: (tx: Transaction, entered: Entered) => Promise<T>,
    last?: (result: T) => Statement | undefined,
  ): Promise<Landed<T>> {
    return attemptFlights(this.attempt, {
      first: this.#first,
      body: async (tx, rows) => {
        const entered = readEntered(this.attempt, rows);
        if (entered.version !== this.#key.version) await this.#lookAgain(tx);
        return body(tx, entered);
      },
      ...(last && { last }),
    });
  }

  /**
   * Runs what looks something up along the key. When the table has changed since, the key is looked up
   * again first, and so is what was asked for.
   * @throws its error, or AttemptOutdated when the key has changed, or when the error comes from a
   *   label of an enum that is gone
   */
  async looking<T>(look: (key: Key) => Promise<T>): Promise<T> {
    for (;;) {
      const key = this.#key;
      try {
        return await look(key);
      } catch (error) {
        if (!(error instanceof TableChanged)) {
          throw await explainLabels(this.attempt.db, key, error);
        }
        // A table that changes all the time must not keep an attempt that has to stop.
        this.attempt.signal.throwIfAborted();
        await this.transaction(async () => {});
        if (this.#key === key) throw error;
      }
    }
  }

  /** To be called when the transaction that stored the range under `id` has committed. */
  async finished(range: Range, id: bigint, details?: Record<string, string | number>) {
    this.#ledger.finish(range, id);
    this.#rowsDone += range.rows;
    this.#report(details);
    if (performance.now() - this.#foldedAt >= FOLD_EVERY_MS) await this.#fold();
  }

  /** To be called when a range ends the attempt: operators see which rows it was about. */
  failed({ after, upto, matching }: Range, error: unknown): void {
    const { tableName } = this.#key;
    const batch = { walk: this.row.name, table: tableName, rows: matching, after, upto };
    this.tally.failed(batch, error);
  }

  /** To be called when all ranges are done. */
  async complete(): Promise<void> {
    if (this.attempt.dry) return;
    await this.#fold();
    await completeWalk(this.attempt, this.row, this.#rowsDone);
    this.tally.report(this.row.name, { done: this.#rowsDone, total: this.#rowsDone });
  }

  #lookUp(gap: Gap, size: number, ranges?: number): Promise<Range[]> {
    this.lookUps += 1;
    return this.looking((key) => lookUp(this.attempt, key, this.where, gap, size, ranges));
  }

  async *#rangesOf(gap: Gap, size: () => number): AsyncGenerator<Range, void> {
    for (let left = gap; ; ) {
      const planned = size();
      for (const [index, range] of (await this.#lookUp(left, planned)).entries()) {
        // It is passed over, so it must be known from a moment ago that no row of it matches.
        if (range.matching === 0 && index > 0) break;
        this.#ledger.add(range);
        yield range;
        if (sameKey(range.upto, gap.upto)) return;
        left = { after: range.upto, upto: gap.upto };
        // What was prefetched is left when the batches have another size by now.
        if (!isNear(size(), planned)) break;
      }
    }
  }

  /**
   * Accepts changes that don't concern the walk, such as one more column or a new index like the
   * old.
   */
  async #lookAgain(tx: Transaction): Promise<void> {
    const key = await describeLocked(tx, this.walked);
    if (key.labels?.version !== this.#key.labels?.version) throw labelsChanged(this.#key);
    if (!isSameKey(key, this.#key)) {
      throw new AttemptOutdated(`${this.#key.tableName} or its key has changed under the walk`);
    }
    this.#key = key;
    this.#first = this.#enter();
    Prepared.of(this.attempt.db.$client).tableChanged();
  }

  #enter(): readonly Statement[] {
    return enterStatements(this.attempt.db, this.attempt, this.#key, this.durable);
  }

  /**
   * Folds run one after the other. Otherwise a late one (lost packets, a new session) could run
   * after the next one, and put the mark back to before ranges that are already deleted.
   */
  #fold(): Promise<void> {
    this.#foldedAt = performance.now();
    this.#folding = this.#folding.then(async () => {
      const ranges = this.#ledger.takeFront();
      if (this.attempt.dry) return;
      await fold(this.attempt, this.row, this.#mark, ranges);
      this.#mark = ranges.at(-1)?.upto ?? this.#mark;
    });
    return this.#folding;
  }

  #report(details?: Record<string, string | number>): void {
    const { name, rowsTotal } = this.row;
    const skipped = this.skipped > 0 ? { rowsSkipped: this.skipped } : {};
    this.tally.report(name, { done: this.#rowsDone, total: rowsTotal }, { ...details, ...skipped });
  }
}

/** Whether batches of one size will do as well as those of the other. */
const isNear = (size: number, planned: number): boolean =>
  size <= planned * 1.5 && size >= planned * 0.75;
