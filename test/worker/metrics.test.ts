import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { METRICS } from '../../activities/metrics/instruments';
import { useDevServers } from '../support/devServers';
import { freeAddress } from '../support/freeAddress';
import type { JobsFolder } from '../support/jobsFolder';
import { attempts, register, startRun } from '../support/migrations';
import { type Scraped, scrape } from '../support/scrape';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
let jobs: JobsFolder;
let address: string;
/** While it exists, the job waits. */
let gate: string;

const ROWS = 600;
/** A value of a row: it must be on no page. */
const SECRET = 'secret-of-a-row';

beforeAll(async () => {
  jobs = servers.jobsFolder();
  gate = path.join(jobs.path, 'gate');
  await servers.sql`create table letters (id int primary key, text text unique)`;
  await servers.sql`insert into letters select i, ${SECRET} || i from generate_series(1, ${ROWS}) i`;
  jobs.writeJob(
    '0001_walks',
    `const { sql } = require('drizzle-orm');
    const { existsSync } = require('node:fs');
    exports.run = (job) => job.inBatches(sql\`letters\`, {
      key: sql\`id\`,
      lanes: 1,
      batchSize: { min: 100, max: 100 },
      throttle: { check: () => existsSync(${JSON.stringify(gate)}) ? ${JSON.stringify(`${SECRET} is there`)} : undefined },
    }, async (tx, batch) => {
      await tx.execute(sql\`update letters set text = text || 'x' where \${batch}\`);
    });`,
  );
  jobs.writeJob(
    '0002_fails',
    `const { sql } = require('drizzle-orm');
    exports.run = async (job) => {
      if (job.attempt === 1) throw new Error('the first time');
      await job.db.execute(sql\`update letters set text = \${${JSON.stringify(SECRET)}}\`);
    };`,
  );
  address = await freeAddress();
  await servers.startWorker({
    jobs,
    env: { LRM_METRICS_ADDRESS: address, LRM_RETRY_INITIAL_INTERVAL: '100 ms' },
  });
});

/** Waits until the page says it. */
const seen = <T>(what: string, look: (page: Scraped) => T | undefined | false): Promise<T> =>
  waitFor(what, async () => look(await scrape(address)) || undefined, 40_000);

const is = (page: Scraped, name: string, migration: string, value: number) =>
  page.value(name, { migration }) === value;

test('a page shows what a worker does, and lets go of it when it ends', async () => {
  writeFileSync(gate, '');
  await register(servers, '0001_walks', '0002_fails:a', '0002_fails:b');
  await startRun(servers);

  const waiting = await seen(
    'a walk that waits',
    (page) =>
      is(page, 'lrm_attempts_running', '0001_walks', 1) &&
      (page.value('lrm_waiting_seconds_total', { migration: '0001_walks' }) ?? 0) > 0 &&
      (page.value('lrm_migrations', { status: 'in_progress' }) ?? 0) === 1 &&
      page,
  );
  const ofWalk = { migration: '0001_walks' };
  expect(
    waiting.value('lrm_waiting_seconds_total', { ...ofWalk, reason: 'check' }),
  ).toBeGreaterThan(0);
  expect(waiting.value('lrm_migration_status', { ...ofWalk, status: 'in_progress' })).toBe(1);
  expect(waiting.value('lrm_migration_since_progress_seconds', ofWalk)).toBeGreaterThan(0);
  expect(waiting.value('lrm_migration_silent_seconds', ofWalk)).toBeLessThan(10);
  expect(waiting.value('lrm_rows_total', ofWalk)).toBe(0);
  // Two targets of one file, which have not begun.
  expect(
    waiting.value('lrm_migration_status', { migration: '0002_fails', status: 'created' }),
  ).toBe(2);
  expect(waiting.value('lrm_oldest_pending_seconds', { explained: 'false' })).toBeGreaterThan(0);

  rmSync(gate);
  const ended = await seen(
    'the end of all',
    (page) =>
      page.value('lrm_migrations', { status: 'completed' }) === 1 &&
      page.value('lrm_migrations', { status: 'failed' }) === 2 &&
      page,
  );
  expect(existsSync(gate)).toBe(false);
  expect(ended.value('lrm_rows_total', ofWalk)).toBe(ROWS);
  expect(ended.value('lrm_batch_seconds_count', ofWalk)).toBe(ROWS / 100);
  expect(ended.value('lrm_batch_seconds_bucket', { ...ofWalk, le: '0.001' })).toBeDefined();
  expect(ended.value('lrm_batch_seconds_bucket', { ...ofWalk, le: '+Inf' })).toBe(ROWS / 100);
  expect(ended.value('lrm_attempts_total', { ...ofWalk, outcome: 'completed' })).toBe(1);
  const failed = { migration: '0002_fails' };
  for (const [outcome, of] of [
    ['retried', 'author'],
    ['failed', 'sqlstate_23'],
  ] as const) {
    expect(ended.value('lrm_attempts_total', { ...failed, outcome })).toBe(2);
    expect(ended.value('lrm_attempt_errors_total', { ...failed, error_class: of })).toBe(2);
  }
  expect(ended.value('lrm_attempts_total', { ...failed, outcome: 'completed' })).toBe(0);
  // As many as the rows say.
  expect(await attempts(servers, '0002_fails:a')).toHaveLength(2);

  // What ran shows nothing any more; what is done stays as it ended.
  expect(ended.value('lrm_attempts_running', ofWalk)).toBe(0);
  expect(ended.value('lrm_lanes', ofWalk)).toBe(0);
  expect(ended.value('lrm_batch_target_seconds', ofWalk)).toBeNaN();
  expect(ended.value('lrm_application_slowdown_ratio', ofWalk)).toBeNaN();
  expect(ended.value('lrm_migration_since_progress_seconds', ofWalk)).toBeNaN();
  expect(ended.value('lrm_migration_silent_seconds', ofWalk)).toBeNaN();
  expect(ended.value('lrm_migration_done_ratio', ofWalk)).toBe(1);
  expect(ended.value('lrm_migration_rows_done', ofWalk)).toBe(ROWS);
  expect(ended.value('lrm_oldest_pending_seconds', { explained: 'false' })).toBe(0);
});

test("the page has all metrics of ours and Temporal's, in base units and without values of rows", async () => {
  const page = await scrape(address);
  const missing = Object.values(METRICS)
    .filter(({ name, kind }) => page.types[name] !== kind)
    .map(({ name }) => name);
  expect(missing).toEqual([]);
  expect(page.types).toMatchObject({
    temporal_num_pollers: 'gauge',
    temporal_worker_task_slots_available: 'gauge',
    temporal_request_total: 'counter',
    temporal_request_latency_seconds: 'histogram',
  });
  expect(JSON.stringify(page.samples)).not.toContain(SECRET);
});

test("OpenTelemetry's variables send all of it to a collector", async () => {
  const received: { url: string | undefined; key: unknown; body: string }[] = [];
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        const body = Buffer.concat(chunks).toString('latin1');
        received.push({ url: request.url, key: request.headers['api-key'], body });
        response.end();
      });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  const worker = await servers.startWorker({
    jobs,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_SERVICE_NAME: 'backfills',
    },
  });
  const { url, key, body } = await waitFor('the collector to be sent ours', () =>
    received.find((each) => each.body.includes('lrm_migrations')),
  );
  expect({ url, key }).toEqual({ url: '/v1/metrics', key: 'a b' });
  expect(body).toContain('backfills');
  expect(body).toContain('temporal_num_pollers');
  await worker.stop();
  collector.close();
});

test('a second worker at the same address does not start, and one line says why', async () => {
  const second = servers.spawnWorker({ jobs, env: { LRM_METRICS_ADDRESS: address } });
  expect(await second.exited).toBe(1);
  const [line, ...more] = second.log();
  expect(more).toEqual([]);
  expect(line?.msg).toContain(`LRM_METRICS_ADDRESS: metrics can't be shown at ${address}: `);
});
