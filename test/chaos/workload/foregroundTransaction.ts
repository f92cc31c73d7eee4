import type { Sql } from '../../../drizzle/connect';
import type { Random } from '../random';
import { GAP } from './createTable';
import type { Piece } from './piece';

/** What the application has done to one table, as far as it knows. */
export interface Account {
  /** Additions to `touched` whose COMMIT was answered. */
  added: number;
  /** Additions that ended with an error: done or not. */
  doubtful: number;
  /** By its number: whether a row of its own is there. 'unknown' after an error. */
  readonly rows: Map<number, 'there' | 'gone' | 'unknown'>;
}

/** One of several sessions, each with rows of its own. */
export interface Session {
  readonly number: number;
  readonly of: number;
}

/** One transaction of the application, most often an update of one or two rows. */
export async function transact(
  sql: Sql,
  piece: Piece,
  account: Account,
  session: Session,
  random: Random,
): Promise<void> {
  const choose = () => {
    const most = Math.floor((piece.rows - 1 - session.number) / session.of);
    return random.integer(0, most) * session.of + session.number + 1;
  };
  if (random.chance(0.6)) return touch(sql, piece.table, account, [choose(), choose()]);
  return comeOrGo(sql, piece.table, account, choose(), random.chance(0.5));
}

/** Adds 1 to `touched` of rows of the migration. */
async function touch(
  sql: Sql,
  table: string,
  account: Account,
  chosen: readonly number[],
): Promise<void> {
  // In one order, so that its sessions never wait for each other in a circle.
  const rows = [...new Set(chosen)].sort((one, other) => one - other);
  account.doubtful += rows.length;
  await sql.begin(async (tx) => {
    for (const each of rows) {
      await tx`update app.${tx(table)} set touched = touched + 1 where id = ${each * GAP}`;
    }
  });
  account.doubtful -= rows.length;
  account.added += rows.length;
}

/** Inserts or deletes a row of the application's own. */
async function comeOrGo(
  sql: Sql,
  table: string,
  { rows }: Account,
  number: number,
  chance: boolean,
): Promise<void> {
  const id = ownId(number);
  const state = rows.get(number);
  rows.set(number, 'unknown');
  if (state === 'there' || (state === 'unknown' && chance)) {
    await sql`delete from app.${sql(table)} where id = ${id}`;
    rows.set(number, 'gone');
    return;
  }
  await sql`
    insert into app.${sql(table)} (id, payload) select ${id}::bigint, 'of the application'
    where not exists (select from app.${sql(table)} where id = ${id}::bigint)`;
  rows.set(number, 'there');
}

/** The ID of the application's own row behind the migration's row of this number. Its `part` is 0. */
export const ownId = (number: number): number => number * GAP + GAP / 2;
