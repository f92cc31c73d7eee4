import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Sql, TransactionSql } from '../../../drizzle/connect';

/**
 * Makes the ledger, the schema `chaos`, and has each change of our tables noted in it.
 * @param sql a client of a superuser. Our tables are there
 * @throws PostgresError when the ledger is there already
 */
export async function installLedger(sql: Sql): Promise<void> {
  await sql.begin(async (tx) => {
    for (const file of ['install.sql', 'watch.sql']) {
      await tx.unsafe(readFileSync(path.join(__dirname, file), 'utf8'));
    }
  });
}

/**
 * Has each change of the counted columns of a table noted, and each row that comes or goes.
 * @param table its name, with the schema if it is not in the search path
 * @param keyColumns they identify a row
 * @param counted integer columns: those that migrations count up, and one of the foreground's own
 */
export async function watchTable(
  sql: Sql | TransactionSql,
  table: string,
  keyColumns: readonly string[],
  counted: readonly string[],
): Promise<void> {
  await sql`select chaos.watch(${table}::regclass, ${[...keyColumns]}::text[], ${[...counted]}::text[])`;
}

/** Notes the real time now and then, so that changes can be told in time whatever clocks say. */
export interface Clock {
  stop(): Promise<void>;
}

/** Milliseconds between two notes: how exactly a change can be told in time. */
const NOTE_EVERY = 250;

/**
 * Starts to note the real time.
 * @param sql gives a client of the present primary. Errors are passed over: the server may be down
 */
export function startClock(sql: () => Sql): Clock {
  let stopped = false;
  let wake = () => {};
  const run = async () => {
    while (!stopped) {
      await noteTime(sql()).catch(() => {});
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, NOTE_EVERY);
      });
    }
  };
  const ended = run();
  return {
    stop: () => {
      stopped = true;
      wake();
      return ended;
    },
  };
}

/** Notes that it is now. */
export async function noteTime(sql: Sql): Promise<void> {
  await sql`
    insert into chaos.marks values (pg_current_wal_insert_lsn(), ${new Date().toISOString()})`;
}
