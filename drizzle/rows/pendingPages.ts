import { and, asc, inArray, notInArray, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { type Migration, migrations } from '../schema';
import { pending } from './transitions';

/** Rows in one page. */
const PAGE = 200;

/** What a listing reads. Not the whole row: a checkpoint may be large. */
const COLUMNS = {
  name: migrations.name,
  createdAt: migrations.createdAt,
  waitsFor: migrations.waitsFor,
  direction: migrations.direction,
};
export type PendingRow = Pick<Migration, keyof typeof COLUMNS>;

/** Which of the pending migrations are read. */
export interface Which {
  readonly except: readonly string[];
  /** Default: all. */
  readonly only?: readonly string[] | undefined;
}

/** Reads pending migrations in order of registration. A page is read only when it is asked for. */
export async function* pendingPages(db: Database, which: Which): AsyncGenerator<PendingRow[]> {
  let after: PendingRow | undefined;
  for (;;) {
    const page = await readPage(db, which, after);
    yield page;
    if (page.length < PAGE) return;
    after = page.at(-1);
  }
}

function readPage(
  db: Database,
  { except, only }: Which,
  after: PendingRow | undefined,
): Promise<PendingRow[]> {
  return db
    .select(COLUMNS)
    .from(migrations)
    .where(
      and(
        inArray(migrations.status, [...pending]),
        except.length > 0 ? notInArray(migrations.name, [...except]) : undefined,
        only ? inArray(migrations.name, [...only]) : undefined,
        after
          ? sql`(${migrations.createdAt}, ${migrations.name}) > (${after.createdAt.toISOString()}::timestamptz, ${after.name})`
          : undefined,
      ),
    )
    .orderBy(asc(migrations.createdAt), asc(migrations.name))
    .limit(PAGE);
}
