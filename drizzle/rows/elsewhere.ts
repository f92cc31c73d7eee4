import { and, eq, sql } from 'drizzle-orm';
import { type Database, database } from '../database';
import { askOther } from '../otherDatabase';
import { migrations, walks } from '../schema';
import { readInstallationId } from './installation';
import { forgetVisitor, type Origin } from './visit';

/** What a migration has stored in further databases. */
export interface Elsewhere {
  readonly origin: Origin;
  /** Their names. */
  readonly databases: readonly string[];
}

/** Reads in which databases the walks of a registered migration are. */
export async function readElsewhere(
  db: Pick<Database, 'select' | 'selectDistinct'>,
  name: string,
): Promise<Elsewhere | undefined> {
  const found = await db
    .selectDistinct({ database: sql<string>`${walks.shape} ->> 'database'` })
    .from(walks)
    .where(and(eq(walks.migration, name), sql`${walks.shape} ? 'database'`));
  if (found.length === 0) return undefined;
  const [row] = await db
    .select({ generation: migrations.generation, former: migrations.formerGenerations })
    .from(migrations)
    .where(eq(migrations.name, name));
  if (!row) return undefined;
  const origin = { installation: await readInstallationId(db), ...row };
  return { origin, databases: found.map(({ database }) => database).sort() };
}

/**
 * Removes what a migration that is unregistered has stored in further databases. It has no effect
 * any more, so a database that can't be reached is no reason to keep the migration.
 * @returns a line for each database in which something is left
 */
export async function forgetElsewhere(
  db: Database,
  name: string,
  { origin, databases }: Elsewhere,
): Promise<string[]> {
  const left = await Promise.all(databases.map((each) => forgetIn(db, each, name, origin)));
  return left.filter((line) => line !== undefined);
}

async function forgetIn(
  { others }: Database,
  other: string,
  name: string,
  origin: Origin,
): Promise<string | undefined> {
  const options = { applicationName: 'lrm', settings: PATIENCE };
  const asked = await askOther(others, other, options, (client) =>
    forgetVisitor(database(client), name, origin),
  );
  if ('answer' in asked) return undefined;
  return `what the walks of ${name} have stored in database ${other} is left there, without effect: ${asked.problem}`;
}

/** An operator must not wait for ever for a batch that is still open. */
const PATIENCE = { lock_timeout: '10s', statement_timeout: '60s' };
