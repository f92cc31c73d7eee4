import { afterEach, describe, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { migration, register, runToEnd } from '../support/migrations';

const servers = useDevServers();

afterEach(() => servers.sql`truncate long_running_migrations.migrations cascade`);

describe('a job that cannot be run', () => {
  test.each([
    ['without run', 'exports.walk = () => {};', /no function 'run' is exported/],
    ['with a syntax error', 'exports.run = async ( => {};', /can't be loaded: SyntaxError/],
    [
      'that throws while loaded',
      'throw new Error("at the top");',
      /can't be loaded: Error: at the top/,
    ],
    [
      'with an option that has no such value',
      'exports.options = { stopGrace: "soon" }; exports.run = () => {};',
      /options\.stopGrace: is not a duration/,
    ],
    [
      'with a time limit that is too short',
      'exports.options = { startToCloseTimeout: "1s" }; exports.run = () => {};',
      /must be at least 4 seconds/,
    ],
  ])('%s fails at once, with the reason on its row', async (_, source, reason) => {
    const jobs = servers.jobsFolder();
    jobs.writeJob('0001_broken', source);
    await register(servers, '0001_broken');
    const worker = await servers.startWorker({ jobs });

    expect(await runToEnd(servers)).toMatchObject({ failed: { names: ['0001_broken'] } });

    const row = await migration(servers, '0001_broken');
    expect(row).toMatchObject({ status: 'failed', attempts: 1 });
    expect(row.error).toMatch(reason);
    await worker.stop();
  });
});
