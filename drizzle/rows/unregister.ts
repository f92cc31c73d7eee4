import { eq } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import { attempts, migrations, walks } from '../schema';
import { inTransaction } from '../transaction';
import { forgetElsewhere, readElsewhere } from './elsewhere';
import { lockExclusive } from './fence';
import { isLive } from './live';
import { NotRegistered, OperationRefused } from './operationRefused';
import { dropProgress } from './restart';

/** What is removed together with a migration's row. */
export interface History {
  readonly attempts: number;
  readonly walks: number;
}

/** What was removed, and what could not be. */
export interface Unregistered extends History {
  /** A line for each further database in which something may be left. */
  readonly left: readonly string[];
}

/** '3 attempts'. */
export const describeHistory = ({ attempts }: History): string =>
  `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;

export const isEmpty = (history: History): boolean => history.attempts + history.walks === 0;

/**
 * Removes a migration's row. The exclusive lock makes sure that no batch and no claim is running.
 * @param withHistory remove its attempts, walks and finished ranges too
 * @param heartbeatTimeout milliseconds without a heartbeat after which an attempt counts as dead
 * @throws NotRegistered, or OperationRefused when an attempt is alive, or when there is a history
 *   and `withHistory` is false
 */
export async function unregister(
  db: Database,
  name: string,
  withHistory: boolean,
  heartbeatTimeout: number,
): Promise<Unregistered> {
  const { history, elsewhere } = await inTransaction(db, async (tx) => {
    await tx.execute(lockExclusive(name));
    // In a separate statement, so that it sees the commits of those who held the lock.
    await requireStopped(tx, name, heartbeatTimeout);
    const history = await readHistory(tx, name);
    if (!withHistory && !isEmpty(history)) {
      throw new OperationRefused(
        `${name} has a history (${describeHistory(history)}): to remove it as well, add --yes; ` +
          `to keep it: npx lrm cancel ${name}`,
      );
    }
    const elsewhere = await readElsewhere(tx, name, db.others);
    await remove(tx, name);
    return { history, elsewhere };
  });
  // Not before the commit: until then an attempt may still need it.
  return { ...history, left: elsewhere ? await forgetElsewhere(db, name, elsewhere) : [] };
}

/** Counts what a migration has stored so far. */
export async function readHistory(db: Pick<Database, '$count'>, name: string): Promise<History> {
  return {
    attempts: await db.$count(attempts, eq(attempts.migration, name)),
    walks: await db.$count(walks, eq(walks.migration, name)),
  };
}

async function requireStopped(tx: Transaction, name: string, timeout: number): Promise<void> {
  const [row] = await tx
    .select({ live: isLive(timeout) })
    .from(migrations)
    .where(eq(migrations.name, name))
    .for('update');
  if (!row) throw new NotRegistered(name);
  if (row.live)
    throw new OperationRefused(`an attempt of ${name} is running: npx lrm cancel ${name} first`);
}

async function remove(tx: Transaction, name: string): Promise<void> {
  await dropProgress(tx, name);
  await tx.delete(attempts).where(eq(attempts.migration, name));
  await tx.delete(migrations).where(eq(migrations.name, name));
}
