import { arrayContains, inArray, sql } from 'drizzle-orm';
import { type Database, database } from '../database';
import { askOther } from '../otherDatabase';
import { attempts } from '../schema';
import { readInstallationId } from './installation';
import { endNamed, nameElsewhere, type OpenSession } from './namedSessions';

/** A further database in which sessions of an attempt may be open, and which can't be asked. */
export interface Unseen {
  readonly database: string;
  /** 'LRM_DATABASE_ARCHIVE_URL is not set here'. */
  readonly unseen: string;
}

/**
 * Ends the sessions of these attempts in the further databases that they have used, and forgets the
 * use where none is left. The attempts' rows say which databases that are: an attempt's worker
 * writes it before it allows a session there.
 *
 * A database that can't be asked may hold sessions, so it is returned, too.
 */
export async function endSessionsElsewhere(
  db: Database,
  attemptIds: readonly bigint[],
): Promise<(OpenSession | Unseen)[]> {
  // Read now: an attempt can't begin to use a database any more once a newer one is claimed.
  const used = await db
    .select({ id: attempts.id, databases: attempts.databases })
    .from(attempts)
    .where(inArray(attempts.id, [...attemptIds]));
  const names = [...new Set(used.flatMap(({ databases }) => databases))].sort();
  if (names.length === 0) return [];
  const installation = await readInstallationId(db);
  const open: (OpenSession | Unseen)[] = [];
  for (const name of names) {
    const ids = used.filter(({ databases }) => databases.includes(name)).map(({ id }) => id);
    const left = await endIn(db, name, installation, ids);
    if (left.length === 0) await forgetUse(db, name, ids);
    open.push(...left);
  }
  return open;
}

async function endIn(
  { others }: Database,
  name: string,
  installation: string,
  attemptIds: readonly bigint[],
): Promise<(OpenSession | Unseen)[]> {
  const wanted = attemptIds.map((id) => nameElsewhere(installation, id));
  const asked = await askOther(others, name, { applicationName: 'lrm' }, (client) =>
    endNamed(database(client), wanted),
  );
  if ('problem' in asked) return [{ database: name, unseen: asked.problem }];
  return asked.answer.map((session) => ({ ...session, database: name }));
}

async function forgetUse(db: Database, name: string, attemptIds: readonly bigint[]): Promise<void> {
  await db
    .update(attempts)
    .set({ databases: sql`array_remove(${attempts.databases}, ${name})` })
    .where(
      sql`${inArray(attempts.id, [...attemptIds])} and ${arrayContains(attempts.databases, [name])}`,
    );
}
