import type { TransactionSql } from '../../../drizzle/connect';
import { type Piece, ROW_VALUE } from './piece';

/** Rows of the application have keys in between: those that end in 5. */
export const GAP = 10;

const PARTS = 7;

/** Of the row with this number, from 1: the first column of a composite key. */
export const partOf = (number: number): number => number % PARTS;

/** Makes a piece's table, with its rows. */
export async function createTable(tx: TransactionSql, piece: Piece): Promise<void> {
  const { table, rows, bad, key } = piece;
  const badEvery = Math.max(1, Math.floor(rows / Math.max(1, bad)));
  // All names are ours and need no quotes; DDL takes no parameters.
  await tx.unsafe(`
    create table app.${table} (
      id bigint not null,
      part integer not null default 0,
      team integer not null default 0,
      owner text not null default 'application',
      bad boolean not null default false,
      n integer not null default 0,
      touched integer not null default 0,
      payload text not null,
      primary key (${key.join(', ')}),
      constraint ${table}_bad check (not bad or n = 0)
    )`);
  await tx`
    insert into app.${tx(table)} (id, part, team, owner, bad, payload)
    select each * ${GAP}::int, each % ${PARTS}::int, each / 40, 'base',
      each % ${badEvery}::int = 0 and each / ${badEvery}::int <= ${bad}::int,
      ${ROW_VALUE}::text || each
    from generate_series(1, ${rows}::int) each`;
  await tx.unsafe(`create index ${table}_team on app.${table} (team)`);
  // The application finds its rows by it.
  if (key[0] !== 'id') await tx.unsafe(`create index ${table}_id on app.${table} (id)`);
}
