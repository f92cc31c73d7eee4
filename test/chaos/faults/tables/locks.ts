import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../../../../drizzle/connect';
import type { ChaosSet } from '../../chaosSet';
import { type Fault, NothingToBreak } from '../../fault';
import { tableFault } from './change';

/** A report, a forgotten psql: somebody has changed some rows and does not commit. */
const rowLocks: Fault = tableFault({
  kind: 'a long transaction that holds rows of the walked table',
  change: async (sql, { table }, { set, random }) => {
    const seconds = random.integer(3, 20);
    let held = 0;
    const waited = await sql.begin(async (tx) => {
      const rows = await tx.unsafe(`select from ${table}
        where ctid in (select ctid from ${table} order by random() limit 1000) for update`);
      held = rows.length;
      return waiters(set, tx as unknown as Sql, seconds);
    });
    if (waited === 0) throw new NothingToBreak(`no session of ours came to the rows of ${table}`);
    return `${held} rows were locked for ${seconds} s, ${waited} of our sessions waited for them,`;
  },
});

/** Somebody changes the table, and it takes a while. Nobody can even read it. */
const tableLock: Fault = tableFault({
  kind: 'the walked table locked for some seconds',
  change: async (sql, { table }, { set, random }) => {
    const seconds = random.integer(2, 8);
    const waited = await sql.begin(async (tx) => {
      await tx.unsafe(`lock table ${table} in access exclusive mode`);
      return waiters(set, tx as unknown as Sql, seconds);
    });
    if (waited === 0) throw new NothingToBreak(`no session of ours came to ${table}`);
    return `ACCESS EXCLUSIVE for ${seconds} s, ${waited} of our sessions waited for it,`;
  },
});

/** @returns how many sessions of ours have waited for this one meanwhile */
async function waiters({ postgres }: ChaosSet, tx: Sql, seconds: number): Promise<number> {
  const [own] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const end = performance.now() + seconds * 1_000;
  const seen = new Set<number>();
  while (performance.now() < end) {
    const waiting = await postgres.sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where application_name like 'lrm%' and ${own?.pid ?? 0} = any(pg_blocking_pids(pid))`;
    for (const { pid } of waiting) seen.add(pid);
    await sleep(100);
  }
  return seen.size;
}

export const locks: readonly Fault[] = [rowLocks, tableLock];
