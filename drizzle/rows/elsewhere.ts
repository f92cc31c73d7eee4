import { and, eq, sql } from 'drizzle-orm';
import type { DatabaseUrls } from '../../settings/databases';
import { type Database, database } from '../database';
import { askOther } from '../otherDatabase';
import { migrations, SCHEMA, walks } from '../schema';
import { sqlState } from '../sqlState';
import { readInstallationId } from './installation';
import { forgetVisitor, type Origin } from './visit';

/** What a migration has stored in further databases. */
export interface Elsewhere {
  readonly origin: Origin;
  /** Their names. */
  readonly databases: readonly string[];
}

/**
 * Reads in which databases the walks of a registered migration are. Where those before `lrm retry
 * --from-start` were, nobody knows any more: they may be in any one that is known here.
 */
export async function readElsewhere(
  db: Pick<Database, 'select' | 'selectDistinct'>,
  name: string,
  others: DatabaseUrls = {},
): Promise<Elsewhere | undefined> {
  const found = await db
    .selectDistinct({ database: sql<string>`${walks.shape} ->> 'database'` })
    .from(walks)
    .where(and(eq(walks.migration, name), sql`${walks.shape} ? 'database'`));
  const [row] = await db
    .select({ generation: migrations.generation, former: migrations.formerGenerations })
    .from(migrations)
    .where(eq(migrations.name, name));
  if (!row) return undefined;
  const hasBegunAgain = row.former === null || row.former.length > 0;
  const names = [
    ...found.map(({ database }) => database),
    ...(hasBegunAgain ? Object.keys(others) : []),
  ];
  if (names.length === 0) return undefined;
  const origin = { installation: await readInstallationId(db), ...row };
  return { origin, databases: [...new Set(names)].sort() };
}

/**
 * Removes what a migration that is unregistered has stored in further databases. It matters only when
 * the migration is registered anew, so a database that can't be reached is no reason to keep it.
 * @returns a line for each database in which something may be left
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
    forgetVisitor(database(client), name, origin).catch((error) => {
      // Without our tables nothing is stored there.
      if (sqlState(error) !== UNDEFINED_TABLE) throw error;
    }),
  );
  if ('answer' in asked) return undefined;
  return (
    `what the walks of ${name} may have stored in database ${other} is left there: ${asked.problem}. ` +
    `If ${name} is registered anew, its walks there will be refused. To remove it, type there: ` +
    `DELETE FROM ${SCHEMA}.visiting_attempts WHERE installation = '${origin.installation}' AND migration = '${name}';`
  );
}

const UNDEFINED_TABLE = '42P01';
/** An operator must not wait for ever for a batch that is still open. */
const PATIENCE = { lock_timeout: '10s', statement_timeout: '60s' };
