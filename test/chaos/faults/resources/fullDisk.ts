import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSet, WorkerSlot } from '../../chaosSet';
import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { inSeconds, lasts } from '../lasts';
import { whileOnSmallDisk, whyNoDisk } from './smallDisk';

/** The disk of some tables is full: whatever makes them longer fails with 53100. */
export const fullDisk: readonly Fault[] = [
  {
    kind: 'disk full (53100): the walked tables',
    part: 'postgres',
    needs: ['tables'],
    unavailable: whyNoDisk,
    inflict: async (target) => fill(target, await walkedTables(target.set), 1_000_000),
  },
  {
    kind: 'disk full (53100): our own tables',
    part: 'postgres',
    needs: ['tables'],
    unavailable: whyNoDisk,
    inflict: async (target) => fill(target, await ownTables(target.set), 100_000),
  },
];

async function fill(
  { set, random }: Parameters<Fault['inflict']>[0],
  tables: readonly string[],
  spare: number,
): Promise<string> {
  const milliseconds = lasts(random, 2, 15);
  const failures = () => count(set.workers);
  await whileOnSmallDisk(set, tables, spare, async (disk) => {
    const before = failures();
    const file = path.join(disk.path, 'fill');
    try {
      writeUntilFull(file);
      await untilMore(failures, before);
      await sleep(milliseconds);
    } finally {
      rmSync(file, { force: true });
    }
  });
  return `${tables.length} tables, for ${inSeconds(milliseconds)} after the first failure`;
}

/** Looks seldom: logs are read whole. */
async function untilMore(failures: () => number, before: number): Promise<void> {
  for (let second = 0; second < FOUND_WITHIN; second++) {
    if (failures() > before) return;
    await sleep(1_000);
  }
  throw new NothingToBreak('nothing of ours needed more of the disk');
}

/** Seconds. */
const FOUND_WITHIN = 30;

/** How often workers have logged it: the code where there is one, else Postgres's own text. */
const count = (workers: readonly WorkerSlot[]): number =>
  workers.reduce(
    (sum, worker) => sum + [...worker.printed().matchAll(/53100|No space left on device/g)].length,
    0,
  );

/** Makes a file that takes all that is left of its disk. */
export function writeUntilFull(file: string): void {
  const opened = openSync(file, 'w');
  try {
    for (const size of [65_536, 4_096]) {
      const bytes = Buffer.alloc(size);
      try {
        for (;;) writeSync(opened, bytes);
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(opened);
  }
}

/** Those that attempts write to now, by the locks that they hold. */
async function walkedTables({ postgres }: ChaosSet): Promise<string[]> {
  const found = new Set<string>();
  const until = performance.now() + LOOK_FOR;
  while (performance.now() < until) {
    const rows = await postgres.sql<{ name: string }[]>`
      select distinct format('%I.%I', n.nspname, c.relname) as name
      from pg_locks l
      join pg_stat_activity a on a.pid = l.pid and a.application_name ~ '^lrm:.*:[0-9]+$'
      join pg_class c on c.oid = l.relation and c.relkind = 'r'
      join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('app', 'public')
      where l.mode = 'RowExclusiveLock' and pg_table_size(c.oid) < ${LARGEST}
      limit ${MOST}`;
    for (const { name } of rows) found.add(name);
    if (found.size >= MOST) break;
    await sleep(20);
  }
  if (found.size === 0) throw new NothingToBreak('no attempt wrote to a table');
  return [...found].slice(0, MOST);
}

/** Milliseconds. */
const LOOK_FOR = 5_000;
const MOST = 3;
/** The disk is in memory. Bytes. */
const LARGEST = 200_000_000;

async function ownTables({ postgres }: ChaosSet): Promise<string[]> {
  const rows = await postgres.sql<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname = 'long_running_migrations'
      and tablename in ('migrations', 'attempts', 'walks', 'finished_ranges')`;
  return rows.map(({ name }) => name);
}
