import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { migrations } from '../schema';
import { pending } from './transitions';

/** Writes to a pending migration's row what it waits for. The next claim that succeeds clears it. */
export async function writeWaitsFor(
  db: Database,
  migration: string,
  waitsFor: string,
): Promise<void> {
  await db
    .update(migrations)
    .set({ waitsFor, updatedAt: sql`now()` })
    .where(and(eq(migrations.name, migration), inArray(migrations.status, [...pending])));
}
