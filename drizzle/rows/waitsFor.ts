import { and, inArray, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { migrations } from '../schema';
import { pending } from './transitions';

/** Writes to pending migrations' rows what they wait for. The next claim that succeeds clears it. */
export async function writeWaitsFor(
  db: Database,
  names: readonly string[],
  waitsFor: string,
): Promise<void> {
  await db
    .update(migrations)
    .set({ waitsFor, updatedAt: sql`now()` })
    .where(and(inArray(migrations.name, [...names]), inArray(migrations.status, [...pending])));
}
