import type { SQL } from 'drizzle-orm';
import type { WalkRow } from '../../../drizzle/schema';
import type { Attempt, Transaction } from '../attempt';
import type { ColumnReference, TableReference } from '../names';
import type { WalkOptions } from '../options';
import { Refused } from '../refused';
import { type Gap, lastKey } from './boundary';
import { estimateRows } from './estimate';
import { gapsAndFinished, sameKey } from './gaps';
import { describeKey, type Key } from './key';
import { Ledger } from './ledger';
import type { Range } from './range';
import { asWritten, keyTypes, requireShape } from './shape';
import {
  type Beginning,
  completeWalk,
  type Finished,
  findWalk,
  fold,
  insertFinished,
  insertWalk,
  readFinished,
} from './store';
import type { Tally } from './tally';

/** A crash costs the next attempt the reading of so much more, no work. */
const FOLD_EVERY_MS = 1_000;

/** Finds the next range in what is left of a gap. */
type LookUp = (gap: Gap) => Promise<Range>;

/** A walk along a table's key: where it stands, in this attempt and in the database. */
export class TableWalk {
  readonly #ledger = new Ledger();
  #rowsDone: number;
  #foldedAt = performance.now();
  #folding: Promise<void> = Promise.resolve();

  private constructor(
    private readonly attempt: Attempt,
    private readonly tally: Tally,
    private readonly row: WalkRow,
    readonly key: Key,
    readonly where: SQL | undefined,
    /** What earlier attempts have done above the low-water mark. */
    private readonly before: readonly Finished[],
  ) {
    this.#rowsDone = before.reduce((sum, { rows }) => sum + rows, row.rowsDone);
  }

  /**
   * Begins the walk, or goes on with it; undefined when it is complete.
   * @throws Refused when the key can't be walked along, or the walk was begun over something else.
   */
  static async open(
    attempt: Attempt,
    tally: Tally,
    table: TableReference,
    options: WalkOptions,
  ): Promise<TableWalk | undefined> {
    const name = tally.begin(options.name);
    const columns = keyColumns(options.key);
    const shape = asWritten(table, columns, options);
    const known = await findWalk(attempt, name);
    if (known) requireShape(known, shape);
    if (known?.completedAt) {
      // Not looked at any more: by now its table may be gone.
      tally.report(name, { done: known.rowsDone, total: known.rowsDone });
      return undefined;
    }
    const key = await describeKey(attempt.db, table, columns, options.descending ?? false);
    const types = { types: keyTypes(key) };
    if (known) requireShape(known, types);
    const row =
      known ??
      (await insertWalk(attempt, name, { ...shape, ...types }, await beginning(attempt, key)));
    const finished = await readFinished(attempt, row, key);
    const walk = new TableWalk(attempt, tally, row, key, options.where, finished);
    walk.#report();
    return walk;
  }

  /** What is left to do, looked up by `find` piece by piece. */
  async *ranges(find: LookUp): AsyncGenerator<Range, void> {
    for (const part of gapsAndFinished(this.row, this.before)) {
      if ('id' in part) this.#ledger.addFinished(part);
      else yield* this.#rangesOf(part, find);
    }
  }

  /** Cuts a range in two, where `find` says; in one where it can't be cut. */
  async split(range: Range, find: LookUp): Promise<Range[]> {
    const first = await find(range);
    if (sameKey(first.upto, range.upto)) return [range];
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

  /** Stores that the range is done, in the transaction that does it. Returns what it is stored under. */
  store(tx: Transaction, range: Range): Promise<bigint> {
    return insertFinished(tx, this.row, range);
  }

  /** To be called when that transaction has committed. */
  async finished(range: Range, id: bigint, details?: Record<string, string | number>) {
    this.#ledger.finish(range, id);
    this.#rowsDone += range.rows;
    this.attempt.progressed();
    this.#report(details);
    if (performance.now() - this.#foldedAt >= FOLD_EVERY_MS) await this.#fold();
  }

  /** To be called when nothing is left. */
  async complete(): Promise<void> {
    await this.#fold();
    await completeWalk(this.attempt, this.row);
    this.tally.report(this.row.name, { done: this.#rowsDone, total: this.#rowsDone });
  }

  async *#rangesOf(gap: Gap, find: LookUp): AsyncGenerator<Range, void> {
    for (let left = gap; ; ) {
      const range = await find(left);
      this.#ledger.add(range);
      yield range;
      if (sameKey(range.upto, gap.upto)) return;
      left = { after: range.upto, upto: gap.upto };
    }
  }

  /**
   * One after the other: a fold that is late (its packets lost, its session new) and lands behind
   * the next one would put the mark back over ranges whose rows are deleted.
   */
  #fold(): Promise<void> {
    this.#foldedAt = performance.now();
    this.#folding = this.#folding.then(() =>
      fold(this.attempt, this.row, this.#ledger.takeFront()),
    );
    return this.#folding;
  }

  #report(details?: Record<string, string | number>): void {
    const { name, rowsTotal } = this.row;
    this.tally.report(name, { done: this.#rowsDone, total: rowsTotal }, details);
  }
}

function keyColumns(key: WalkOptions['key']): readonly ColumnReference[] {
  const columns = Array.isArray(key) ? key : [key];
  if (columns.length === 0) throw new Refused('a walk needs a key: one column at least');
  return columns;
}

async function beginning({ db }: Attempt, key: Key): Promise<Beginning> {
  return { upperBound: await lastKey(db, key), rowsTotal: await estimateRows(db, key.table) };
}
