import { setTimeout as sleep } from 'node:timers/promises';
import type { TransactionSql } from '../../../drizzle/connect';
import type { PostgresSet } from '../chaosSet';
import type { Random } from '../random';
import type { Timeline } from '../timeline/timeline';
import { createTable } from './createTable';
import { errorText } from './errorText';
import type { Piece } from './piece';
import { createPlan } from './plan';

/** Migrations that are registered as long as faults go on. */
export interface Workload {
  /** In order of their registration. */
  readonly pieces: readonly Piece[];
  /** Registers no more. */
  stop(): Promise<void>;
}

/** What the workload works with. */
export interface WorkloadParts {
  readonly postgres: PostgresSet;
  readonly timeline: Timeline;
  readonly random: Random;
  /** The folder of jobs that all workers use. */
  readonly jobs: string;
  /** Called in the transaction that makes the table, before its migration is registered. */
  watch(piece: Piece, tx: TransactionSql): Promise<void>;
}

/** So many wait or run at any time: more than run at once, so that there is always one to start. */
const UNDER_WAY = 8;

/** Registers migrations, each with a fresh table, so that work is always under way. */
export function startWorkload(parts: WorkloadParts): Workload {
  const { postgres, timeline } = parts;
  const pieces: Piece[] = [];
  const plan = createPlan(parts.jobs, parts.random);
  let stopped = false;

  const registerOne = async (): Promise<void> => {
    const { piece, input } = plan(pieces);
    await register(parts, piece, input, () => stopped);
    pieces.push(piece);
    timeline.event('workload', `registered ${piece.name}, ${piece.rows} rows`);
  };
  const going = (async () => {
    while (!stopped) {
      const open = await countOpen(postgres);
      if (open !== undefined && open < UNDER_WAY) await registerOne();
      else await sleep(250);
    }
  })();
  going.catch(() => {});
  return {
    pieces,
    stop: async () => {
      stopped = true;
      await going;
    },
  };
}

/** A fault may be in the way, so it is tried again for a while. */
async function register(
  { postgres, timeline, watch }: WorkloadParts,
  piece: Piece,
  input: object | undefined,
  stopped: () => boolean,
): Promise<void> {
  const deadline = Date.now() + REGISTERED_WITHIN;
  for (;;) {
    try {
      await postgres.sql.begin(async (tx) => {
        // After an error of COMMIT it may be there already.
        const there =
          await tx`select from pg_tables where schemaname = 'app' and tablename = ${piece.table}`;
        if (there.length > 0) return;
        await tx`set local role app`;
        await createTable(tx, piece);
        await tx`reset role`;
        await watch(piece, tx);
        await tx`
          insert into long_running_migrations.migrations (name, input)
          values (${piece.name}, ${input ? tx.json(input as never) : null})`;
      });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      timeline.event('workload', `could not register ${piece.name} yet: ${errorText(error)}`);
      await sleep(stopped() ? 1_000 : 500);
    }
  }
}

/** Longer than any fault may take. Milliseconds. */
const REGISTERED_WITHIN = 180_000;

async function countOpen({ sql }: PostgresSet): Promise<number | undefined> {
  try {
    const [row] = await sql<{ n: number }[]>`
      select count(*)::int as n from long_running_migrations.migrations
      where status in ('created', 'in_progress')`;
    return row?.n;
  } catch {
    return undefined;
  }
}
