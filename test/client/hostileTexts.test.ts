import { beforeAll, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { migration, register, runToEnd } from '../support/migrations';

const servers = useDevServers();
const NASTY = 'x\u001b[2J\u001b]0;owned\u0007\n\u202egpj <img src=x> \u009b31m';
/** Characters that control a terminal or hide text. */
const CONTROLS = ['\u001b', '\u0007', '\u009b', '\u202e', '\r'];

beforeAll(async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_nasty',
    `class ${'Odd'}Error extends Error { get name() { return ${JSON.stringify(NASTY)}; } }
     exports.run = async () => {
       throw Object.assign(new OddError(${JSON.stringify(NASTY)}), { nonRetryable: true });
     };`,
  );
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0001_nasty', '0002_written_by_hand');
  await runToEnd(servers);
  await worker.stop();
  await servers.sql`
    update long_running_migrations.migrations set status = 'paused', error = ${NASTY},
      waits_for = ${NASTY}, request = 'pause', requested_by = ${NASTY}, request_reason = ${NASTY}
    where name = '0002_written_by_hand'`;
  await servers.sql`
    insert into long_running_migrations.attempts (migration, number, worker, run_id, error)
    values ('0002_written_by_hand', 1, ${NASTY}, 'x', ${NASTY})`;
});

test("an error's text is saved in its row as one plain line", async () => {
  const { status, error } = await migration(servers, '0001_nasty');
  expect(status).toBe('failed');
  expect(error).toMatch('gpj <img src=x>');
  for (const each of [...CONTROLS, '\n']) expect(error).not.toContain(each);
});

test.each([
  [['status']],
  [['status', '0001_nasty']],
  [['status', '0002_written_by_hand']],
  [['status', '0002_written_by_hand', '--json']],
  [['retry', '0002_written_by_hand']],
  [['finalize', '0002_written_by_hand']],
  [['check']],
])('lrm %j shows no control characters', async (args) => {
  const { stdout, stderr } = await servers.lrm(...args);
  for (const each of CONTROLS) expect(stdout + stderr).not.toContain(each);
  expect(stdout + stderr).toMatch(/0001_nasty|0002_written_by_hand/);
  expect(stdout + stderr).not.toMatch(/^.{0,3}gpj/m);
});

test("an operator's reason is saved as one plain line", async () => {
  await servers.sql`
    update long_running_migrations.migrations set status = 'paused' where name = '0002_written_by_hand'`;
  expect(
    (await servers.lrm('resume', '0002_written_by_hand', '--reason', 'a\u001b[1mb\nc')).code,
  ).toBe(0);
  expect((await migration(servers, '0002_written_by_hand')).requestReason).toBe('ab c');
});
