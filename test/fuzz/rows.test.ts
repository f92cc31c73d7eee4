import { afterEach, beforeAll, expect } from '@jest/globals';
import fc from 'fast-check';
import { useDevServers } from '../support/devServers';
import { migration, startRun } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';
import { fuzz } from './fuzz';
import { useLrm } from './lrm/lrm';
import { wellBehaved } from './lrm/wellBehaved';
import { changes } from './rows/handWritten';
import { GOOD, storeAll, victim, writeJobs } from './rows/victims';

const servers = useDevServers();
const commandLine = useLrm();
let worker: TestWorker;

beforeAll(async () => {
  await servers.sql.unsafe(`
    create table items (id integer primary key, touched integer not null default 0);
    insert into items select generate_series(1, 100)`);
  const jobs = servers.jobsFolder();
  writeJobs(jobs);
  worker = await servers.startWorker({
    jobs,
    env: {
      LRM_RETRY_INITIAL_INTERVAL: '200 ms',
      LRM_MAX_FAILURES: '2',
      LRM_MAX_CONCURRENT: '4',
      LRM_HEARTBEAT_TIMEOUT: '10 seconds',
    },
  });
});

const lrm = async (...args: string[]) =>
  wellBehaved(args, await commandLine.run(servers.env(), args));

const run = () => servers.client.workflow.getHandle('long-running-migrations');

afterEach(() =>
  run()
    .terminate()
    .catch(() => {}),
);

/** Of `lrm`, with the name of a migration. */
const COMMANDS = [
  ...[['status'], ['status', '--json'], ['skipped'], ['skipped', '--json'], ['pause'], ['resume']],
  ...[
    ['retry'],
    ['retry', '--from-start'],
    ['retry', '--skipped'],
    ['cancel'],
    ['revert', '--yes'],
  ],
  ...[['check'], ['skipped', '--accept'], ['unregister'], ['finalize', '--timeout', '5 s']],
];

const worlds = fc.record({
  victims: fc.array(changes, { minLength: 8, maxLength: 8 }),
  commands: fc.array(fc.record({ args: fc.constantFrom(...COMMANDS), of: fc.nat(7) }), {
    minLength: 4,
    maxLength: 4,
  }),
});

fuzz(
  'rows of ours that were written by hand harm their own migrations alone',
  2,
  worlds,
  async ({ victims, commands }) => {
    await storeAll(servers.sql, victims);

    expect((await lrm('status')).stdout).toContain(GOOD[1]);
    const { stdout } = await lrm('status', '--json');
    expect(JSON.stringify(JSON.parse(stdout))).toContain(victim(7));

    await startRun(servers);
    for (const name of GOOD) {
      await waitFor(
        `${name} to be completed`,
        async () => {
          return (await migration(servers, name)).status === 'completed';
        },
        40_000,
      );
    }

    for (const { args, of } of commands) {
      await lrm(...args, victim(of));
    }
    expect(worker.log().filter(({ level }) => level === 'fatal')).toEqual([]);

    await noTaskFailed();
    await run()
      .terminate()
      .catch(() => {});
  },
);

/** A workflow task that fails is tried again for ever, and nothing else of the run goes on. */
async function noTaskFailed(): Promise<void> {
  const { events = [] } = await run().fetchHistory();
  const failed = (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes);
  expect(failed.map((event) => event.workflowTaskFailedEventAttributes?.failure?.message)).toEqual(
    [],
  );
}
