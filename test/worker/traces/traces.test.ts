import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WORKFLOW_ID } from '../../../settings/settings';
import { type Collector, startCollector } from '../../support/collector';
import { useDevServers } from '../../support/devServers';
import { replay } from '../../support/history';
import type { JobsFolder } from '../../support/jobsFolder';
import { waitFor } from '../../support/waitFor';

const servers = useDevServers();
let jobs: JobsFolder;
let collector: Collector;

const ROWS = 400;
/** A value of a row: no span has it. */
const SECRET = 'secret-of-a-row';
const ERROR = 2;

beforeAll(async () => {
  collector = await startCollector();
  jobs = servers.jobsFolder();
  await servers.sql`create table letters (id int primary key, text text unique)`;
  await servers.sql`insert into letters select i, ${SECRET} || i from generate_series(1, ${ROWS}) i`;
  jobs.writeJob(
    '0001_walks',
    `const { sql } = require('drizzle-orm');
    exports.run = (job) => job.inBatches(sql\`letters\`, {
      key: sql\`id\`, lanes: 1, batchSize: { min: 1, max: 1 }, throttle: false,
    }, (tx, batch) => tx.execute(sql\`update letters set text = text || 'x' where \${batch}\`));`,
  );
  jobs.writeJob(
    '0002_fails',
    `const { sql } = require('drizzle-orm');
    exports.run = async (job) => {
      job.log.info('environment', { headers: process.env.OTEL_EXPORTER_OTLP_HEADERS ?? 'none' });
      await job.db.execute(sql\`update letters set text = \${${JSON.stringify(SECRET)}}\`);
    };`,
  );
});

afterAll(() => collector.close());

const span = (name: string) => collector.spans.find((each) => each.name === name);

test('attempts and their batches are spans, few of many batches, and a history knows nothing of it', async () => {
  const worker = await servers.startWorker({
    jobs,
    env: {
      LRM_TRACES: 'on',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=hunter22',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  });
  await servers.succeeds('register', '0001_walks', '0002_fails');
  await servers.succeeds('run');
  const walked = await waitFor('the attempt that walks', () => span('attempt 0001_walks'));
  const failed = await waitFor('the attempt that fails', () => span('attempt 0002_fails'));
  await waitFor('the line of its end', () =>
    worker.log().some(({ msg }) => msg.includes('unique violation')),
  );
  // What is left is sent at the end.
  expect(await worker.stop()).toBe(0);

  expect(walked.service).toBe('long-running-migrations');
  expect(walked.attributes).toEqual({
    'lrm.migration': '0001_walks',
    'lrm.attempt': 1,
    'lrm.direction': 'forward',
    'lrm.worker': expect.stringMatching(`^${worker.pid}@`),
    'lrm.outcome': 'completed',
    'lrm.rows': ROWS,
    'lrm.batches': ROWS,
  });
  const activity = collector.spans.find(({ spanId }) => spanId === walked.parentSpanId);
  expect(activity).toMatchObject({
    name: 'RunActivity:runMigration',
    attributes: { temporalActivityId: '0001_walks', temporalWorkflowId: WORKFLOW_ID },
  });

  const batches = collector.spans.filter(({ name }) => name === 'batch public.letters');
  const nanos = (each: typeof walked) => [each.startTimeUnixNano, each.endTimeUnixNano].map(Number);
  const [begin = 0, end = 0] = nanos(walked);
  expect(batches.length).toBeGreaterThanOrEqual(100);
  expect(batches.length).toBeLessThanOrEqual(101 + (end - begin) / 1e9);
  for (const batch of batches) {
    expect(batch).toMatchObject({ traceId: walked.traceId, parentSpanId: walked.spanId });
    expect(batch.attributes).toMatchObject({ 'lrm.walk': '1', 'lrm.rows': 1 });
    expect(batch.attributes['lrm.table']).toBe('public.letters');
    const [from = 0, to = 0] = nanos(batch);
    expect(from).toBeLessThanOrEqual(to);
  }
  const done = batches.map((each) => 1 + Number(each.attributes['lrm.batches_left_out']));
  const all = done.reduce((sum, each) => sum + each, 0);
  expect(all).toBeGreaterThanOrEqual(batches.length);
  expect(all).toBeLessThanOrEqual(ROWS);

  expect(failed).toMatchObject({
    status: { code: ERROR },
    attributes: { 'lrm.outcome': 'failed', 'error.type': 'sqlstate_23', 'lrm.error_code': '23505' },
  });
  const line = worker.log().find(({ msg }) => msg.includes('unique violation'));
  expect(line).toMatchObject({ trace_id: failed.traceId, errorClass: 'sqlstate_23' });
  // Nothing but spans is sent, none has a row's value, and the collector's key is the worker's alone.
  expect([...collector.paths]).toEqual(['/v1/traces']);
  expect(collector.bodies.join()).not.toContain(SECRET);
  expect(worker.log().find(({ msg }) => msg === 'environment')).toMatchObject({ headers: 'none' });

  const history = await servers.client.workflow.getHandle(WORKFLOW_ID).fetchHistory();
  const headers = history.events?.map(
    (event) => event.activityTaskScheduledEventAttributes?.header?.fields ?? {},
  );
  expect(headers?.filter((fields) => Object.keys(fields).length > 0)).toEqual([]);
  await replay(history, WORKFLOW_ID);
});

test('without the packages, LRM_TRACES=on is one line that says what to install', async () => {
  const script = path.join(jobs.path, 'withoutPackages.cjs');
  writeFileSync(
    script,
    `const { Module } = require('node:module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...more) {
      if (/opentelemetry/.test(name)) throw Object.assign(new Error(name), { code: 'MODULE_NOT_FOUND' });
      return resolve.call(this, name, ...more);
    };`,
  );
  const worker = servers.spawnWorker({
    env: { LRM_TRACES: 'on', NODE_OPTIONS: `--require ${script}` },
  });
  expect(await worker.exited).toBe(2);
  expect(worker.log()).toMatchObject([
    {
      msg: 'LRM_TRACES=on needs packages that are not installed; type: npm i @opentelemetry/api @temporalio/interceptors-opentelemetry @opentelemetry/sdk-node',
    },
  ]);
});
