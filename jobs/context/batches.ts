import type { Attempt, Transaction } from './attempt';
import { BatchTimes } from './batchTimes';
import { type EachItemOptions, forEachItem, type ItemSource } from './each/forEachItem';
import { type EachRowOptions, forEachRow } from './each/forEachRow';
import type { Places } from './elsewhere';
import { givenName, readInBatches, requireForEachItem, requireForEachRow } from './givenOptions';
import { inBatches } from './inBatches';
import type { JobContext } from './index';
import { type ColumnReference, overOf, type TableReference } from './names';
import { Nesting } from './nesting';
import type { WalkOptions } from './options';
import { createSteps, type StepMember } from './steps';
import { Throttles } from './throttle/throttles';
import { type NewValues, type TargetCache, updateRows } from './updateRows';
import type { Tally } from './walk/tally';

/** The part of a job's context that walks over tables and items, and does steps. */
export function createBatches(
  attempt: Attempt,
  tally: Tally,
  places?: Places,
  times = new BatchTimes(),
): Pick<JobContext, 'inBatches' | 'forEach' | 'updateRows' | StepMember> {
  const targets: TargetCache = new WeakMap();
  const nesting = new Nesting();
  const throttles = new Throttles();
  const here = () => ({ step: nesting.step?.name, inForEach: nesting.inForEach });

  async function forEach(...given: OverRows | OverItems): Promise<void> {
    const named = givenName(given[1]);
    nesting.refuse(named);
    if (isOverItems(given)) {
      const [source, options, body] = given;
      return tally.track(
        named,
        'items',
        async (name) => {
          requireForEachItem(options, body);
          return forEachItem(
            attempt,
            tally,
            name,
            source,
            options,
            nesting.within('forEach', body),
          );
        },
        here(),
      );
    }
    const [table, options, body] = given;
    return tally.track(
      named,
      overOf(table),
      async (name) => {
        // Before the walk gets a database, which it can't leave.
        requireForEachRow(table, options, body);
        return forEachRow(
          await placeOf(name, options),
          tally,
          throttles,
          name,
          table,
          options,
          nesting.within('forEach', body),
        );
      },
      here(),
    );
  }

  const placeOf = async (
    name: string,
    { database }: Pick<WalkOptions, 'database'>,
  ): Promise<Attempt> => (database === undefined || !places ? attempt : places.of(name, database));

  return {
    inBatches: async (table, options, body) => {
      const named = givenName(options);
      nesting.refuse(named);
      return tally.track(
        named,
        overOf(table),
        async (name) => {
          // Before the walk gets a database, which it can't leave.
          const settings = readInBatches(table, options, body);
          return inBatches(
            await placeOf(name, options),
            tally,
            throttles,
            times,
            name,
            table,
            options,
            settings,
            nesting.within('inBatches', body),
          );
        },
        here(),
      );
    },
    // TypeScript can't check an implementation against overloads with conditional types.
    forEach: forEach as JobContext['forEach'],
    updateRows: (
      tx: Transaction,
      table: TableReference,
      key: ColumnReference | readonly ColumnReference[],
      rows: readonly NewValues[],
    ) => updateRows(targets, tx, table, key, rows),
    ...createSteps(attempt, tally, nesting),
  };
}

type OverRows = [
  table: TableReference,
  options: EachRowOptions,
  body: (row: unknown) => PromiseLike<unknown>,
];
type OverItems = [
  source: ItemSource<unknown, unknown>,
  options: EachItemOptions<unknown, unknown>,
  body: (item: unknown) => PromiseLike<unknown>,
];

/** A source of items is a function. A table is not. */
function isOverItems(given: OverRows | OverItems): given is OverItems {
  return typeof given[0] === 'function';
}
