import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import { attempts, type Direction, type MigrationStatus, migrations, SCHEMA } from '../schema';
import { sqlState } from '../sqlState';
import { inTransaction } from '../transaction';
import { type FencedAttempt, lockExclusive, SERVER } from './fence';
import { readInstallationId } from './installation';
import { jobChangedSince } from './jobFile';
import { isLive, isStopping, WORKER_LOST } from './live';
import { endSessions, latestAttempts, type Open } from './sessions';
import { transitions } from './transitions';
import type { Origin } from './visit';

/** The attempt that wants to begin. */
export interface Claimant {
  readonly migration: string;
  readonly worker: string;
  readonly runId: string;
  /** When Temporal scheduled this attempt of the activity. Null: it runs without Temporal. */
  readonly scheduledAt: Date | null;
  /** Hash of the code that it will run. Undefined: unknown. */
  readonly jobHash?: string | undefined;
  /** An attempt without a heartbeat for this long has lost its worker. Milliseconds. */
  readonly heartbeatTimeout: number;
}

export interface Claimed {
  readonly kind: 'claimed';
  readonly attempt: FencedAttempt;
  /** The row's at the claim: which function the attempt runs. */
  readonly direction: Direction;
  /** The last attempt that ran other code, since the migration last began at its start. Null: none. */
  readonly jobChangedSince: number | null;
  /** Version of the stored checkpoint, see Checkpoint. */
  readonly checkpointVersion: number;
  /** What the migration was registered with. Undefined: nothing. JSON may be null, too. */
  readonly input: { readonly value: unknown } | undefined;
  readonly rowsDone: number;
  readonly rowsTotal: number | null;
  /** Who it is in other databases. */
  readonly origin: Origin;
  /** Earlier attempts. Their sessions must be gone before this one works. */
  readonly older: readonly bigint[];
  /** Those sessions that could not be ended yet. */
  readonly open: readonly Open[];
}

export type Claim =
  | Claimed
  /** Nothing to run: the migration has ended or is paused. */
  | { readonly kind: 'ended'; readonly status: MigrationStatus; readonly error: string | null }
  /** The current attempt is alive, and Temporal has not given it up for this one. */
  | { readonly kind: 'late' }
  /** Sessions of an older attempt could not be ended. */
  | { readonly kind: 'waits'; readonly open: readonly Open[] }
  | { readonly kind: 'unregistered' };

/** Each round waits for older batches and then ends their sessions, so a few are enough. */
const LOCK_ROUNDS = 20;
/** Sessions that can be ended have ended by then and have released the lock. */
const ROUNDS_FOR_OPEN_SESSIONS = 3;
const LOCK_TIMEOUT = sql`set local lock_timeout = '1s'`;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Makes a new attempt the current one. Once this is committed, no older attempt can commit a batch
 * or a checkpoint. Their sessions are ended, or named in the result.
 *
 * A claim is late while an attempt is alive that Temporal scheduled after it: a worker that was
 * frozen for an hour must not replace its successor. The database's clock decides whether that
 * attempt is alive. With Temporal's clock alone, every claim would be refused for ever after it was
 * set back or Temporal was replaced.
 *
 * Where one of the two runs without Temporal, nobody has given up the other: then the attempt that is
 * alive keeps the migration.
 */
export async function claim(db: Database, claimant: Claimant): Promise<Claim> {
  // Read before the claim, so that the sessions of an attempt that begins meanwhile are not ended.
  const older = (await latestAttempts(db, claimant.migration)).map(({ id }) => id);
  const first = await firstLook(db, claimant);
  if (first?.late) return { kind: 'late' };
  if (first?.toStop) {
    // When the row says that it is paused, no statement of it may still run.
    const open = await endSessions(db, older);
    if (open.length > 0) return { kind: 'waits', open };
  }
  const claim = await claimWithLock(db, claimant, older);
  if (claim.kind !== 'claimed') return claim;
  // Not before the claim: a healthy older attempt would report lost connections.
  return { ...claim, older, open: await endSessions(db, older) };
}

async function claimWithLock(
  db: Database,
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
      // A frozen worker's open transaction would hold the lock as long as the worker is frozen.
      const open = await endSessions(db, older);
      if (open.length > 0 && round >= ROUNDS_FOR_OPEN_SESSIONS) return { kind: 'waits', open };
    }
  }
}

/** The columns that a claim needs. A checkpoint may be too large to read. */
const COLUMNS = {
  status: migrations.status,
  direction: migrations.direction,
  error: migrations.error,
  attempts: migrations.attempts,
  rowsDone: migrations.rowsDone,
  rowsTotal: migrations.rowsTotal,
  request: migrations.request,
  checkpointVersion: migrations.checkpointVersion,
  input: migrations.input,
  hasInput: sql<boolean>`${migrations.input} is not null`,
};
type Row = Pick<typeof migrations.$inferSelect, Exclude<keyof typeof COLUMNS, 'hasInput'>> & {
  readonly hasInput: boolean;
  readonly jobChangedSince: number | null;
};

async function decide(tx: Transaction, claimant: Claimant): Promise<Claim> {
  const [row] = await tx
    .select({
      ...COLUMNS,
      late: late(claimant),
      jobChangedSince: jobChangedSince(sql`${claimant.jobHash ?? null}::text`),
    })
    .from(migrations)
    .where(eq(migrations.name, claimant.migration))
    .for('update');
  if (!row) return { kind: 'unregistered' };
  if (!transitions.claim.from.includes(row.status)) {
    return { kind: 'ended', status: row.status, error: row.error };
  }
  if (row.late) return { kind: 'late' };
  await endAttempts(tx, claimant);
  const asked = row.status === 'in_progress' ? row.request : null;
  if (asked === 'pause' || asked === 'cancel') return settle(tx, claimant.migration, asked);
  return begin(tx, claimant, row);
}

/** Writes the outcome of older attempts whose worker did not, because it vanished or is cut off. */
async function endAttempts(tx: Transaction, claimant: Claimant): Promise<void> {
  // A live worker beats at least every third of the timeout.
  const silentAfter = `${claimant.heartbeatTimeout / 2} ms`;
  const silent = sql`${attempts.heartbeatAt} < now() - ${silentAfter}::interval`;
  await tx
    .update(attempts)
    .set({
      endedAt: sql`now()`,
      outcome: sql`case when ${silent} then 'interrupted' else 'superseded' end::${ATTEMPT_OUTCOME}`,
      error: sql`case when ${silent} then ${WORKER_LOST} end`,
    })
    .where(and(eq(attempts.migration, claimant.migration), isNull(attempts.endedAt)));
}

const ATTEMPT_OUTCOME = sql`${sql.identifier(SCHEMA)}.attempt_outcome`;

/** Does what an operator asked for, because the worker died before it could. */
async function settle(
  tx: Transaction,
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

async function begin(tx: Transaction, claimant: Claimant, row: Row): Promise<Claim> {
  const number = row.attempts + 1;
  const { direction } = row;
  const { migration, worker, runId, scheduledAt, jobHash = null } = claimant;
  const [attempt] = await tx
    .insert(attempts)
    .values({ migration, number, worker, runId, direction, jobHash, epoch: sql`gen_random_uuid()` })
    .returning({ id: attempts.id, epoch: attempts.epoch });
  if (!attempt?.epoch) throw new Error('an INSERT returned no row');
  const { from, to } = transitions.claim;
  const [claimed] = await tx
    .update(migrations)
    .set({
      status: to,
      attempts: number,
      currentAttempt: attempt.id,
      epoch: attempt.epoch,
      claimScheduledAt: scheduledAt,
      waitsFor: null,
      step: null,
      startedAt: sql`coalesce(${migrations.startedAt}, now())`,
      updatedAt: sql`now()`,
    })
    .where(and(eq(migrations.name, migration), inArray(migrations.status, [...from])))
    .returning({
      server: SERVER,
      generation: migrations.generation,
      former: migrations.formerGenerations,
    });
  if (!claimed) throw new Error('the row that was locked is gone');
  const { epoch } = attempt;
  const { server, generation, former } = claimed;
  const origin = { installation: await readInstallationId(tx), generation, former };
  const { checkpointVersion, rowsDone, rowsTotal, jobChangedSince } = row;
  return {
    kind: 'claimed',
    attempt: { migration, id: attempt.id, number, epoch, server },
    direction,
    jobChangedSince,
    checkpointVersion,
    input: row.hasInput ? { value: row.input } : undefined,
    rowsDone,
    rowsTotal,
    origin,
    older: [],
    open: [],
  };
}

/** Only an attempt that is alive can make a claim late. Null, on either side: not from Temporal. */
const late = ({ scheduledAt, heartbeatTimeout }: Claimant) => sql<boolean>`(
  coalesce(${migrations.claimScheduledAt} > ${scheduledAt?.toISOString() ?? null}::timestamptz, true)
  and ${isLive(heartbeatTimeout)})`;

/** Looks before the wait for the lock. Under the lock everything is checked again. */
async function firstLook(db: Database, claimant: Claimant) {
  const [row] = await db
    .select({ late: late(claimant), toStop: isStopping })
    .from(migrations)
    .where(eq(migrations.name, claimant.migration));
  return row;
}
