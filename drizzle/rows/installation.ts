import type { Database } from '../database';
import { installations } from '../schema';

/** Identifies this installation in other databases, see `installations` in schema.ts. */
export async function readInstallationId(db: Pick<Database, 'select'>): Promise<string> {
  const [row] = await db.select({ id: installations.id }).from(installations);
  if (!row) throw new Error('the row of installations is gone: restore it, or walks begin again');
  return row.id;
}
