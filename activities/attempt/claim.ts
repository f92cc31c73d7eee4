import { and, desc, eq, getTableColumns, inArray, isNull, sql } from 'drizzle-orm';
import { lockExclusive, SERVER } from '../../drizzle/fence';
import { attempts, type MigrationStatus, migrations, SCHEMA } from '../../drizzle/schema';
import { inTransaction } from '../../drizzle/transaction';
import { transitions } from '../../drizzle/transitions';
import type { OwnDatabase, OwnTransaction } from '../database';
import { endSessions } from './sessions';

/** Which attempt Temporal wants begun. */
export interface Claimant {
  readonly migration: string;
  readonly worker: string;
  readonly runId: string;
  /** When Temporal scheduled this attempt of the activity. */
  readonly scheduledAt: Date;
  /** An attempt whose row wasn't renewed for so long has lost its worker. Milliseconds. */
  readonly silentAfter: number;
}

export interface Claimed {
  readonly kind: 'claimed';
  readonly attemptId: bigint;
  readonly number: number;
  /** Drawn for this attempt, see FencedAttempt. */
  readonly epoch: string;
  /** The server that it was claimed on, see FencedAttempt. */
  readonly server: string;
  /** Of the checkpoint that is stored, see Checkpoint. */
  readonly checkpointVersion: number;
  readonly rowsDone: number;
  readonly rowsTotal: number | null;
}

export type Claim =
  | Claimed
  /** Nothing to run: it has ended, or an operator holds it. */
  | { readonly kind: 'ended'; readonly status: MigrationStatus; readonly error: string | null }
  /** A newer attempt was scheduled and has claimed already. */
  | { readonly kind: 'late' }
  | { readonly kind: 'unregistered' };

/** Waiting for older batches, then ending their sessions: the lock is had within a few rounds. */
const LOCK_ROUNDS = 20;
const LOCK_TIMEOUT = sql`set local lock_timeout = '1s'`;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Makes a new attempt the current one. From its commit on no older attempt can commit a batch or a
 * checkpoint, and none of their sessions is left.
 */
export async function claim(db: OwnDatabase, claimant: Claimant): Promise<Claim> {
  // In this order: the sessions of an attempt that begins in between are not ended.
  const older = await latestAttempts(db, claimant.migration);
  if (await isLate(db, claimant)) return { kind: 'late' };
  const claim = await claimWithLock(db, claimant, older);
  // Not before: an older attempt that is well would take it for lost sessions, and say so.
  if (claim.kind === 'claimed') await endSessions(db, older);
  return claim;
}

async function claimWithLock(
  db: OwnDatabase,
  claimant: Claimant,
  older: readonly bigint[],
): Promise<Claim> {
  for (let round = 1; ; round++) {
    try {
      return await inTransaction(db, async (tx) => {
        await tx.execute(LOCK_TIMEOUT);
        await tx.execute(lockExclusive(claimant.migration));
        return decide(tx, claimant);
      });
    } catch (error) {
      if (round === LOCK_ROUNDS || sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
      // A frozen worker's open transaction would hold the lock for as long as it's frozen.
      await endSessions(db, older);
    }
  }
}

/** Not the checkpoint: it may be as large as Postgres allows. */
const { checkpoint: _, ...COLUMNS } = getTableColumns(migrations);

async function decide(tx: OwnTransaction, claimant: Claimant): Promise<Claim> {
  const [row] = await tx
    .select(COLUMNS)
    .from(migrations)
    .where(eq(migrations.name, claimant.migration))
    .for('update');
  if (!row) return { kind: 'unregistered' };
  if (!transitions.claim.from.includes(row.status)) {
    return { kind: 'ended', status: row.status, error: row.error };
  }
  if (row.claimScheduledAt && row.claimScheduledAt > claimant.scheduledAt) return { kind: 'late' };
  await endAttempts(tx, claimant);
  const asked = row.status === 'in_progress' ? row.request : null;
  if (asked === 'pause' || asked === 'cancel') return settle(tx, claimant.migration, asked);
  return begin(tx, claimant, row);
}

/** The outcome that an older attempt's own worker didn't write, because it vanished or is cut off. */
async function endAttempts(tx: OwnTransaction, claimant: Claimant): Promise<void> {
  const silent = sql`${attempts.heartbeatAt} < now() - ${`${claimant.silentAfter} ms`}::interval`;
  await tx
    .update(attempts)
    .set({
      endedAt: sql`now()`,
      outcome: sql`case when ${silent} then 'interrupted' else 'superseded' end::${ATTEMPT_OUTCOME}`,
      error: sql`case when ${silent} then 'its worker was not heard of any more' end`,
    })
    .where(and(eq(attempts.migration, claimant.migration), isNull(attempts.endedAt)));
}

const ATTEMPT_OUTCOME = sql`${sql.identifier(SCHEMA)}.attempt_outcome`;

/** An operator asked, and the worker died before it could obey. */
async function settle(
  tx: OwnTransaction,
  migration: string,
  asked: 'pause' | 'cancel',
): Promise<Claim> {
  const { from, to } = transitions[asked];
  await tx
    .update(migrations)
    .set({ status: to, currentAttempt: null, updatedAt: sql`now()` })
    .where(and(eq(migrations.name, migration), inArray(migrations.status, [...from])));
  return { kind: 'ended', status: to, error: null };
}

async function begin(
  tx: OwnTransaction,
  claimant: Claimant,
  row: Pick<typeof migrations.$inferSelect, keyof typeof COLUMNS>,
): Promise<Claim> {
  const number = row.attempts + 1;
  const { migration, worker, runId, scheduledAt } = claimant;
  const [attempt] = await tx
    .insert(attempts)
    .values({ migration, number, worker, runId })
    .returning({ id: attempts.id });
  if (!attempt) throw new Error('an INSERT returned no row');
  const { from, to } = transitions.claim;
  const [claimed] = await tx
    .update(migrations)
    .set({
      status: to,
      attempts: number,
      currentAttempt: attempt.id,
      epoch: sql`gen_random_uuid()`,
      claimScheduledAt: scheduledAt,
      waitsFor: null,
      startedAt: sql`coalesce(${migrations.startedAt}, now())`,
      updatedAt: sql`now()`,
    })
    .where(and(eq(migrations.name, migration), inArray(migrations.status, [...from])))
    .returning({ epoch: migrations.epoch, server: SERVER });
  if (!claimed?.epoch) throw new Error('the row that was locked is gone');
  const { epoch, server } = claimed;
  const { checkpointVersion, rowsDone, rowsTotal } = row;
  return {
    kind: 'claimed',
    attemptId: attempt.id,
    number,
    epoch,
    server,
    checkpointVersion,
    rowsDone,
    rowsTotal,
  };
}

async function isLate(db: OwnDatabase, { migration, scheduledAt }: Claimant): Promise<boolean> {
  const [newer] = await db
    .select({ name: migrations.name })
    .from(migrations)
    .where(
      and(
        eq(migrations.name, migration),
        sql`${migrations.claimScheduledAt} > ${scheduledAt.toISOString()}::timestamptz`,
      ),
    );
  return newer !== undefined;
}

/** Ended ones too: a thawed worker's sessions outlive its attempt's row. The last few will do. */
async function latestAttempts(db: OwnDatabase, migration: string): Promise<bigint[]> {
  const latest = await db
    .select({ id: attempts.id })
    .from(attempts)
    .where(eq(attempts.migration, migration))
    .orderBy(desc(attempts.number))
    .limit(10);
  return latest.map(({ id }) => id);
}

function sqlState(error: unknown): unknown {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}
