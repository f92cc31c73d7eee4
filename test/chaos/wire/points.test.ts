import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { useDevServers } from '../../support/devServers';
import { waitFor } from '../../support/waitFor';
import { type Bench, breakEvery, passedByKind, SETTINGS } from './everyPoint/bench';
import { KINDS } from './everyPoint/kinds';
import { openPostgresWire } from './openPostgresWire';
import { POINTS, sessionOf } from './points/points';
import type { Point, PostgresWire } from './postgresWire';

const servers = useDevServers();
let wire: PostgresWire;
let bench: Bench;

beforeAll(async () => {
  const url = new URL(servers.databaseUrl);
  wire = await openPostgresWire(url.host);
  url.host = wire.address;
  const jobs = servers.jobsFolder();
  const env = { ...SETTINGS, DATABASE_URL: url.href };
  bench = {
    sql: servers.sql,
    wire,
    jobs,
    startWorker: () => servers.startWorker({ jobs, env }),
    run: () => servers.succeeds('run'),
  };
});
afterAll(() => wire.close());

test('every statement of a worker and of its attempts has a name, and every name passes', async () => {
  const unnamed = new Set<string>();
  wire.watch(({ name, text }, session) => {
    const ours = sessionOf(session) !== 'other' && !text.includes('author');
    if (ours && (name === undefined || name.endsWith(': body'))) unnamed.add(text);
  });
  await passedByKind(bench, Object.keys(KINDS));
  await doSkippedAgain();
  expect([...unnamed]).toEqual([]);
  expect(POINTS.filter((name) => !wire.passed.has(name))).toEqual([]);
}, 240_000);

/** Once the row is as bad as before, and then it is gone. */
async function doSkippedAgain(): Promise<void> {
  const worker = await bench.startWorker();
  const [row] = await servers.sql<{ name: string }[]>`
    select name from long_running_migrations.migrations where name like '%_skips'`;
  const name = row?.name ?? '';
  for (const done of ['skip: keep', 'skip: remove']) {
    await servers.succeeds('retry', name, '--skipped');
    await waitFor(`${done} to pass, and ${name} to be completed`, async () => {
      const [now] = await servers.sql`
        select from long_running_migrations.migrations where name = ${name} and status = 'completed'`;
      return now && wire.passed.has(done);
    });
    await servers.sql`delete from rows_skips where id = 15`;
  }
  await worker.stop();
}

/** The others: npm run test:points. */
const SAMPLE: readonly Point[] = [
  { name: 'batch: store range', when: 'after' },
  { name: 'batch: commit', when: 'before' },
  { name: 'batch: commit', when: 'after' },
  { name: 'fold: ranges', when: 'after' },
  { name: 'outcome: commit', when: 'before' },
];

test('a migration whose processes are killed at its points does each row once', async () => {
  const { hit, missed, wrong } = await breakEvery(bench, 'batches', SAMPLE, 'kill');
  expect(wrong).toEqual([]);
  expect(missed).toEqual([]);
  expect(hit).toHaveLength(SAMPLE.length);
}, 240_000);
