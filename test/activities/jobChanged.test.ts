import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { attempts, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAME = '0001_changes';

/** Keeps a checkpoint and goes on until the table `gate` has a row. */
const untilGate = (more: string) => `${more}
exports.run = async (job) => {
  for (let step = (await job.checkpoint()) ?? 0; ; step++) {
    job.signal.throwIfAborted();
    if ((await job.sql\`select from gate\`).length > 0) return;
    await job.saveCheckpoint(step);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};`;

const running = (attempt: number) =>
  waitFor(`attempt ${attempt} to have saved something`, async () => {
    const [row] = await servers.sql`
      select from long_running_migrations.migrations join long_running_migrations.attempts a
        on a.id = current_attempt
      where name = ${NAME} and a.number = ${attempt} and checkpoint is not null`;
    return row;
  });

async function restart(attempt: number): Promise<void> {
  await servers.succeeds('pause', NAME);
  await servers.succeeds('resume', NAME);
  await running(attempt);
}

async function status(): Promise<Record<string, unknown>> {
  const [row] = JSON.parse((await servers.succeeds('status', NAME, '--json')).stdout);
  return row;
}

test('a job file that changes between two attempts, or what it imports, is noticed and shown', async () => {
  await servers.sql`create table gate ()`;
  const jobs = servers.jobsFolder();
  const worker = await servers.startWorker({ jobs });
  const helper = (text: string) => {
    mkdirSync(path.join(jobs.path, 'lib'), { recursive: true });
    writeFileSync(path.join(jobs.path, 'lib/helper.js'), text);
  };
  helper('exports.version = 1;');
  jobs.writeJob(NAME, untilGate("require('./lib/helper');"));
  await register(servers, NAME);
  await startRun(servers);
  await running(1);
  expect(await status()).toMatchObject({ jobChangedSince: null });

  await restart(2);
  expect(await status()).toMatchObject({ jobChangedSince: null });
  helper('exports.version = 2;');
  await restart(3);
  const said = 'job file changed since attempt 2';
  expect((await servers.succeeds('status')).stdout).toContain(said);
  expect(await status()).toMatchObject({ jobChangedSince: 2 });
  expect(worker.log()).toContainEqual(
    expect.objectContaining({ level: 'warn', migration: NAME, attempt: 3, msg: said }),
  );
  const heartbeat = await waitFor('a heartbeat that says so', async () => {
    const run = await servers.client.workflow.getHandle('long-running-migrations').describe();
    const [activity] = run.raw.pendingActivities ?? [];
    const text = Buffer.from(activity?.heartbeatDetails?.payloads?.[0]?.data ?? []).toString();
    return text.includes('"note"') && text;
  });
  expect(JSON.parse(heartbeat)).toMatchObject({ attempt: 3, note: said });
  // The next attempt runs the same code: the status still says it, the log has said it.
  await restart(4);
  expect(await status()).toMatchObject({ jobChangedSince: 2 });
  expect(worker.log().filter(({ msg }) => msg === said)).toHaveLength(1);

  await servers.sql`insert into gate default values`;
  await waitForMigration(servers, NAME, 'be completed', (row) => row.status === 'completed');
  const hashes = (await attempts(servers, NAME)).map(({ jobHash }) => jobHash);
  expect(hashes).toEqual([hashes[0], hashes[0], hashes[3], hashes[3]]);
  expect((await servers.succeeds('status', NAME)).stdout).toMatch(
    `job file    ${hashes[3]?.slice(0, 12)}, changed since attempt 2\n`,
  );

  // What the older code did is done again from the start, by the newer code alone.
  await servers.succeeds('retry', NAME, '--from-start', '--yes');
  await waitForMigration(
    servers,
    NAME,
    'be completed again',
    (row) => row.attempts === 5 && row.status === 'completed',
  );
  expect(await status()).toMatchObject({ jobChangedSince: null });
}, 120_000);
