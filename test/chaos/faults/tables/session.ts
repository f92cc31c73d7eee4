import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Sql } from '../../../../drizzle/connect';
import { sqlState } from '../../../../drizzle/sqlState';
import type { ChaosSet } from '../../chaosSet';

/** Opens a session of its own, as somebody who changes tables has, and closes it after `body`. */
export async function inSession<T>(
  { postgres }: ChaosSet,
  body: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = connect(postgres.url, { max: 1, applicationName: 'ddl' });
  try {
    return await body(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/**
 * Runs DDL as one should: it does not wait for long, since the application would queue behind it, and is
 * tried again. It is the walk's batches that it waits for.
 * @param statement made of names that are ours or quoted by Postgres
 * @param undo removes what it may leave when it fails, such as an invalid index
 */
export async function ddl(sql: Sql, statement: string, undo?: string): Promise<void> {
  const end = performance.now() + DONE_WITHIN;
  await sql`set lock_timeout = '2s'`;
  for (;;) {
    try {
      await sql.unsafe(statement);
      return;
    } catch (error) {
      if (undo) await ddl(sql, undo);
      const again = LOCKED.includes(String(sqlState(error))) && performance.now() < end;
      if (!again) throw new Error(`${statement}: ${(error as Error).message}`, { cause: error });
      await sleep(200);
    }
  }
}

/** A lock timeout, a deadlock. */
const LOCKED = ['55P03', '40P01'];
/** Milliseconds. */
const DONE_WITHIN = 40_000;

/** The file of a table: each rewrite gives it another one. */
export async function fileOf(sql: Sql, table: string): Promise<string> {
  const [row] = await sql<{ file: string }[]>`
    select pg_relation_filenode(${table}::regclass)::text as file`;
  return row?.file ?? '';
}

/** @returns what the query finds, as text; '' for nothing */
export async function one(sql: Sql, query: string): Promise<string> {
  const [row] = await sql.unsafe<{ value: string | null }[]>(query);
  return row?.value ?? '';
}
