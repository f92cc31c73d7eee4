import { eq, isNotNull } from 'drizzle-orm';
import type { Database } from '../database';
import { migrations } from '../schema';

/** Reads what a migration was registered with. Undefined: nothing. JSON may be null, too. */
export async function readInput(
  db: Database,
  name: string,
): Promise<{ readonly value: unknown } | undefined> {
  const [row] = await db
    .select({ value: migrations.input, isGiven: isNotNull(migrations.input) })
    .from(migrations)
    .where(eq(migrations.name, name));
  return row?.isGiven ? { value: row.value } : undefined;
}
