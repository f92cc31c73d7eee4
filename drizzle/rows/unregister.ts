import { eq } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import { attempts, migrations, walks } from '../schema';
import { inTransaction } from '../transaction';
import { lockExclusive } from './fence';
import { isLive } from './live';
import { NotRegistered, OperationRefused } from './operationRefused';
import { dropWalks } from './restart';

/** What would go with a migration's row. */
export interface History {
  readonly attempts: number;
  readonly walks: number;
}

/** '3 attempts'. */
export const describeHistory = ({ attempts }: History): string =>
  `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;

export const isEmpty = (history: History): boolean => history.attempts + history.walks === 0;

/**
 * Removes a migration's row. Under its exclusive lock: no batch and no claim is half-way.
 * @param withHistory also its attempts, walks and finished batches; else it may have none
 * @param heartbeatTimeout milliseconds after which a silent attempt is taken for dead
 * @throws NotRegistered, or OperationRefused when an attempt is alive, or there is a history that is to stay
 */
export async function unregister(
  db: Database,
  name: string,
  withHistory: boolean,
  heartbeatTimeout: number,
): Promise<History> {
  return inTransaction(db, async (tx) => {
    await tx.execute(lockExclusive(name));
    // In a statement after the lock's: it sees what those who held the lock have committed.
    await requireStopped(tx, name, heartbeatTimeout);
    const history = await readHistory(tx, name);
    if (!withHistory && !isEmpty(history)) {
      throw new OperationRefused(
        `${name} has a history (${describeHistory(history)}): to remove it as well, add --yes; ` +
          `to keep it: npx lrm cancel ${name}`,
      );
    }
    await remove(tx, name);
    return history;
  });
}

/** What a migration leaves behind so far. */
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
  await dropWalks(tx, name);
  await tx.delete(attempts).where(eq(attempts.migration, name));
  await tx.delete(migrations).where(eq(migrations.name, name));
}
