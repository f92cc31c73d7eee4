import { beforeAll, describe, expect, test } from '@jest/globals';
import { claim } from '../../drizzle/rows/claim';
import { openOwnDatabase } from '../../drizzle/workerDatabase';
import { useDevServers } from '../support/devServers';
import { attempts, register, startRun } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();

beforeAll(async () => {
  await servers.sql`create table written (id bigint generated always as identity, attempt int)`;
});

const written = async () => {
  const [row] = await servers.sql`select count(*)::int as n from written`;
  return Number(row?.['n']);
};

describe('an attempt that only Temporal has lost', () => {
  test('writes nothing after a newer attempt was claimed, although its client reconnects', async () => {
    const jobs = servers.jobsFolder();
    // Ignores every error and its signal.
    jobs.writeJob(
      '0001_stubborn',
      'exports.run = async (job) => { for (;;) await job.sql`insert into written (attempt) values (${job.attempt})`.catch(() => {}); };',
    );
    await register(servers, '0001_stubborn');
    const worker = await servers.startWorker({ jobs });
    const run = await startRun(servers);
    await waitFor('the job to write', async () => (await written()) > 10);

    const db = openOwnDatabase(servers.databaseUrl);
    const scheduledAt = new Date(Date.now() + 60_000);
    const newer = { migration: '0001_stubborn', worker: 'another', runId: 'x', scheduledAt };
    await claim(db, { ...newer, heartbeatTimeout: 120_000 });
    await db.$client.end();
    const atClaim = await written();

    await waitFor('the worker to end the older attempt', () =>
      worker.log().some(({ msg }) => msg === 'stopped: superseded'),
    );
    expect(await written()).toBe(atClaim);
    expect((await attempts(servers, '0001_stubborn'))[0]).toMatchObject({ outcome: 'superseded' });
    await run.terminate();
    await worker.stop();
  });
});
