import { and, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { migrations, walks } from '../schema';

/**
 * Finds completed migrations whose walks in a further database are not complete there. That database
 * was restored to an earlier time: what the main one says is done is no longer so.
 * @param db the main database
 * @param there the further one
 * @param database its name
 * @returns names of migrations, each once
 */
export async function readLostElsewhere(
  db: Database,
  there: Database,
  database: string,
): Promise<string[]> {
  const { name, generation, status } = migrations;
  const done = await db
    .select({ name, generation, walk: walks.name })
    .from(walks)
    .innerJoin(migrations, eq(name, walks.migration))
    .where(
      and(
        sql`${walks.shape} ->> 'database' = ${database}`,
        inArray(status, ['completed', 'reverted']),
      ),
    )
    .orderBy(name);
  if (done.length === 0) return [];
  const key = (generation: string, walk: string) => `${generation} ${walk}`;
  const found = await there
    .select({ generation: walks.migration, walk: walks.name })
    .from(walks)
    .where(
      and(
        isNotNull(walks.completedAt),
        inArray(
          walks.migration,
          done.map(({ generation }) => generation),
        ),
      ),
    );
  const complete = new Set(found.map(({ generation, walk }) => key(generation, walk)));
  const lost = done.filter(({ generation, walk }) => !complete.has(key(generation, walk)));
  return [...new Set(lost.map((each) => each.name))];
}
