import { connect, type Sql } from '../../../drizzle/connect';
import { type Database, database as drizzle } from '../../../drizzle/database';
import { nameElsewhere } from '../../../drizzle/rows/sessions';
import type { Origin } from '../../../drizzle/rows/visit';
import { createBatches } from '../../../jobs/context/batches';
import { Places } from '../../../jobs/context/elsewhere';
import type { JobContext } from '../../../jobs/context/index';
import { Tally } from '../../../jobs/context/walk/tally';
import type { TestDatabase } from '../../support/database';
import { beginAttempt, type TestAttempt } from './attempts';

/** An attempt whose walks may be in a further database, 'archive'. */
export interface Visiting {
  readonly attempt: TestAttempt;
  readonly places: Places;
  readonly job: Pick<JobContext, 'inBatches' | 'forEach' | 'updateRows'>;
  /** Drizzle on its sessions in the archive. */
  readonly archive: Database;
  /** The name of those sessions. */
  readonly sessionName: string;
  end(): Promise<unknown>;
}

/** Claims the next attempt of a migration in `main`, for walks in `archive`, too. */
export async function beginVisiting(
  main: TestDatabase,
  archive: TestDatabase,
  migration = '0001_walk',
): Promise<Visiting> {
  const attempt = await beginAttempt(main, migration);
  const origin = await originOf(main.sql, migration);
  const sessionName = nameElsewhere(origin.installation, attempt.id);
  const pool = connect(archive.databaseUrl, { applicationName: sessionName, max: 16 });
  const canary = connect(archive.databaseUrl, { applicationName: sessionName, max: 1 });
  const db = drizzle(pool);
  const places = new Places(attempt, origin, { open: () => db, canary: () => canary });
  return {
    attempt,
    places,
    job: createBatches(attempt, new Tally(attempt), places),
    archive: db,
    sessionName,
    end: () =>
      Promise.all([attempt.end(), ...[pool, canary].map((each) => each.end({ timeout: 1 }))]),
  };
}

export async function originOf(sql: Sql, migration: string): Promise<Origin> {
  const [row] = await sql<Origin[]>`
    select i.id as installation, m.generation, m.former_generations as former
    from long_running_migrations.installations i, long_running_migrations.migrations m
    where m.name = ${migration}`;
  if (!row) throw new Error(`${migration} is not registered`);
  return row;
}
