import { type SQL, sql } from 'drizzle-orm';
import { sqlState } from '../../../drizzle/sqlState';
import type { Attempt } from '../attempt';
import { LOCK_TIMEOUT } from '../step/step';
import { backOff, TRIES_AT_MOST } from '../walk/backOff';
import { troubleOf } from '../walk/trouble';
import type { WantedIndex } from './definition';
import { type Found, look, qualified } from './look';
import { runStatement } from './statement';

export type { IndexOptions } from './definition';

/** Somebody has created something of that name meanwhile. */
const DUPLICATE = '42P07';

/**
 * Creates the index, unless it is there; see JobContext.createIndexConcurrently. The number of tries
 * counts all failures, so that an index that can't be built comes to an end, with the last error.
 */
export async function createIndex(
  attempt: Attempt,
  wanted: WantedIndex,
  say: (text: string) => void,
): Promise<void> {
  for (let failures = 1; ; failures++) {
    attempt.signal.throwIfAborted();
    let building = false;
    try {
      const found = await look(attempt, wanted);
      await dropLeftovers(attempt, found, say);
      if (found.done) return;
      building = true;
      await build(attempt, wanted, found, say);
      return;
    } catch (error) {
      // While the migration is paused or has failed, the application would keep it up to date.
      if (building) await dropLeftover(attempt, wanted);
      attempt.signal.throwIfAborted();
      const again = troubleOf(error) !== undefined || sqlState(error) === DUPLICATE;
      if (!again || failures >= TRIES_AT_MOST) throw error;
      say(`tries again after SQLSTATE ${sqlState(error)}`);
    }
    await backOff(failures, attempt.signal);
  }
}

/**
 * Without a lock timeout: it would also end the waits for older transactions, and throw away what
 * was built. The table's lock was free just now, and whoever waits for it holds up no reads or
 * writes.
 */
function build(
  attempt: Attempt,
  { name, unique, definition }: WantedIndex,
  { table }: Found,
  say: (text: string) => void,
): Promise<void> {
  const statement = sql`create ${sql.raw(unique ? 'unique' : '')} index concurrently
    ${sql.identifier(name)} on ${qualified(table, table.name)} ${sql.raw(definition)}`;
  return runStatement(attempt, statement, { lockTimeout: '0', say });
}

async function dropLeftovers(
  attempt: Attempt,
  { table, leftovers }: Pick<Found, 'table' | 'leftovers'>,
  say: (text: string) => void,
): Promise<void> {
  for (const leftover of leftovers) {
    say('drops what is left of a build that did not end');
    await runStatement(attempt, dropOf(table, leftover), { lockTimeout: '0', say });
  }
}

/** Tried once: the error of the build says more, and the next attempt looks for it again. */
async function dropLeftover(attempt: Attempt, wanted: WantedIndex): Promise<void> {
  try {
    const { table, leftovers } = await look(attempt, wanted);
    for (const leftover of leftovers) {
      const options = { lockTimeout: LOCK_TIMEOUT, cancelled: false };
      await runStatement(attempt, dropOf(table, leftover), options);
    }
  } catch {
    attempt.log.debug('what is left of an index build is still there');
  }
}

const dropOf = (table: Found['table'], leftover: string): SQL =>
  sql`drop index concurrently if exists ${qualified(table, leftover)}`;
