import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();

test('lrm status <name> and --json show the pace of a running attempt, and why', async () => {
  await servers.sql`create table slow as select i as id from generate_series(1, 10000) i`;
  await servers.sql`alter table slow add primary key (id)`;
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_slow',
    `const { sql } = require('drizzle-orm');
    exports.run = (job) => job.inBatches(sql\`slow\`, { key: sql\`id\`, batchSize: { max: 1 } },
      (tx) => tx.execute(sql\`select pg_sleep(0.02)\`));`,
  );
  const worker = await servers.startWorker({ jobs });
  await servers.succeeds('register', '0001_slow');
  await servers.succeeds('run');
  const shown = await waitFor('the pace to be shown', async () =>
    /^ *throttle +(\d lanes?, .*)$/m.exec((await servers.lrm('status', '0001_slow')).stdout),
  );
  expect(shown[1]).toMatch(/^\d lanes?( at \d+ %)?, [\d.]+ ms batches, (application|nobody) /);
  const json = (await servers.lrm('status', '0001_slow', '--json')).stdout;
  expect([JSON.parse(json)].flat()[0].throttle).toMatch(/^\d lanes?/);
  await worker.stop();
  await servers.sql`drop table slow`;
});
