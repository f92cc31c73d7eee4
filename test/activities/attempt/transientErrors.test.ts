import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../activities/attempt/retryOrFail';
import { describeCrash } from '../../../jobs/process/crash';
import { projectFolder } from '../../../settings/projectFolder';
import { startPostgres } from '../../support/postgres';
import { waitFor } from '../../support/waitFor';
import { outcomeOf, useProvocations } from './provocations';

const db = useProvocations();

/** Two transactions that update the same two rows in opposite order. */
async function deadlock(): Promise<void> {
  let locked = 0;
  const lock = (first: number, second: number) =>
    db.client().begin(async (tx) => {
      await tx`update pair set n = n + 1 where id = ${first}`;
      locked++;
      await waitFor('both to hold a row', () => locked === 2);
      await tx`update pair set n = n + 1 where id = ${second}`;
    });
  const ended = await Promise.allSettled([lock(1, 2), lock(2, 1)]);
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

async function serializationFailure(): Promise<void> {
  await db.client().begin('isolation level repeatable read', async (tx) => {
    await tx`select * from pair`;
    await db.sql`update pair set n = n + 1 where id = 1`;
    await tx`update pair set n = n + 1 where id = 1`;
  });
}

async function lockTimeout(): Promise<void> {
  await db.sql.begin(async (tx) => {
    await tx`lock table pair`;
    await db.client().begin(async (other) => {
      await other`set local lock_timeout = '50ms'`;
      await other`select * from pair`;
    });
  });
}

async function sessionEnded(): Promise<void> {
  const victim = db.client();
  const [row] = await victim`select pg_backend_pid() as pid`;
  const sleeping = victim`select pg_sleep(60)`;
  sleeping.catch(() => {});
  await db.sql`select pg_terminate_backend(${row?.['pid']})`;
  await sleeping;
}

async function serverRestart(): Promise<void> {
  const server = await startPostgres();
  const sleeping = db.client(server.url)`select pg_sleep(60)`;
  sleeping.catch(() => {});
  const observer = db.client(server.url);
  await waitFor('the statement to run', async () => {
    return (
      await observer`select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`
    ).length;
  });
  await server.restartImmediate();
  try {
    await sleeping;
  } finally {
    await server.stop();
  }
}

describe('retry or fail: a transient error is retried', () => {
  test.each([
    ['a deadlock', deadlock, /deadlock \(SQLSTATE 40P01\)/],
    ['a serialization failure', serializationFailure, /serialization failure/],
    ['a lock timeout', lockTimeout, /lock timeout \(SQLSTATE 55P03\)/],
    [
      'a statement timeout',
      () =>
        db.client().begin(async (tx) => {
          await tx`set local statement_timeout = '20ms'`;
          await tx`select pg_sleep(10)`;
        }),
      /timeout or was cancelled/,
    ],
    ['a session ended by an administrator', sessionEnded, /57P01|CONNECTION_CLOSED/],
    ['a crash of the server', serverRestart, /57P02|CONNECTION_CLOSED|ECONNRESET/],
    [
      'a server that is not there',
      () => db.client('postgres://x@127.0.0.1:1/x')`select 1`,
      /ECONNREFUSED/,
    ],
    [
      'a service that is not there',
      () => fetch('http://127.0.0.1:2/'),
      /^TypeError.*; caused by Error \(ECONNREFUSED\)/,
    ],
  ])('%s', async (_, provoke, text) => {
    const outcome = await outcomeOf(provoke);
    expect(outcome.text).toMatch(text);
    expect(outcome.verdict).toBe('retry');
  });
});

test('retry or fail: a job process that cannot start because too many files are open is retried', async () => {
  const script = `
    const { JobProcess } = require('./jobs/process/jobProcess');
    const { closeSync, openSync } = require('node:fs');
    const open = [];
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    const jobProcess = new JobProcess(64);
    open.forEach((file) => closeSync(file));
    jobProcess.ended.then((end) => console.log(JSON.stringify(end)));
    setTimeout(() => {}, 10_000).unref();`;
  const { stdout } = spawnSync(
    'bash',
    ['-c', 'ulimit -n 64; exec "$0" -r tsx/cjs -e "$1"', process.execPath, script],
    {
      cwd: projectFolder,
      encoding: 'utf8',
    },
  );
  const error = describeCrash(JSON.parse(stdout));
  expect(error).toMatchObject({ code: 'EMFILE' });
  expect(decide('run', error)).toBe('retry');
});
