import type { Database } from '../database';
import { migrations } from '../schema';

/**
 * Registers a migration, as the INSERT of a schema migration does.
 * @returns false when it was registered already; nothing was changed
 */
export async function register(db: Database, name: string): Promise<boolean> {
  const inserted = await db
    .insert(migrations)
    .values({ name })
    .onConflictDoNothing()
    .returning({ name: migrations.name });
  return inserted.length > 0;
}
