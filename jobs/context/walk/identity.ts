import type { DescribedKey } from './key';

/** Which table and which columns a walk goes along, whatever their names are. */
interface Identity {
  /** See FoundTable.within. */
  readonly of: string;
  readonly table: string;
  /** The positions of the key's columns. */
  readonly columns: readonly number[];
}

/** The identity of a key as it is stored. */
export function identityOf({ within, tableId, columns }: DescribedKey): string {
  const numbers = columns.map(({ number }) => number);
  return JSON.stringify({ of: within, table: tableId, columns: numbers } satisfies Identity);
}

/**
 * What is another one now under the same name: finished ranges would mean rows that were not done.
 * Undefined when nothing is, and in a database that came from a dump, where all OIDs are others.
 */
export function anotherOne(stored: string, now: string): 'table' | 'key columns' | undefined {
  const [before, after] = [stored, now].map((each) => JSON.parse(each) as Identity);
  if (before?.of !== after?.of) return undefined;
  if (before?.table !== after?.table) return 'table';
  return before?.columns.join() === after?.columns.join() ? undefined : 'key columns';
}
