import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { lrmIn, lrmWith, useApplications } from '../support/application';
import { useDevServers } from '../support/devServers';

const servers = useDevServers();
const application = useApplications();

const APPLICATION = {
  'package.json': '{ "type": "module", "devDependencies": { "typescript": "*" } }',
  'lrm.config.mjs': `export default { settings: { LRM_MAX_CONCURRENT: 2 } };`,
  'jobs/0001_hello.ts': `import { defineJob } from 'long-running-migrations';
export default defineJob({ run: async (job) => { await job.sql\`create table said_hello ()\`; } });`,
};

test("lrm dev --once runs the application's jobs, on the servers of its .env, without our samples", async () => {
  const { DATABASE_URL, TEMPORAL_ADDRESS } = servers.env();
  const app = application({
    ...APPLICATION,
    '.env': `DATABASE_URL=${DATABASE_URL}\nTEMPORAL_ADDRESS=${TEMPORAL_ADDRESS}\n`,
  });
  await servers.sql`insert into long_running_migrations.migrations (name) values ('0001_hello')`;

  const { status, stdout, stderr } = lrmIn(app, 'dev', '--once');

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('1 of 1 registered migrations are completed.');
  expect(
    await servers.sql`select to_regclass('said_hello') as hello, to_regclass('places') as places`,
  ).toEqual([{ hello: 'said_hello', places: null }]);
  expect(existsSync(path.join(app.folder, '.lrm/worker.log'))).toBe(true);
}, 120_000);

test('a misspelt setting of lrm.config is refused, with the one that was meant', () => {
  const app = application({
    ...APPLICATION,
    'lrm.config.mjs': `export default { settings: { LRM_MAX_CONCURENT: 2 } };`,
  });
  const { status, stderr } = lrmWith(app, {}, 'worker');
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(
      /^lrm: .*lrm.config.mjs: settings: LRM_MAX_CONCURENT is not a setting; did you mean LRM_MAX_CONCURRENT\?.*\n$/,
    ),
  });
});

test('lrm worker names all wrong settings, of lrm.config too, in one line', () => {
  const app = application({
    ...APPLICATION,
    'lrm.config.mjs': `export default { jobs: './gone', settings: { LRM_INTERVAL: 'often' } };`,
  });
  const { status, stderr } = lrmWith(app, { DATABASE_URL: 'mysql://x' }, 'worker');
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^lrm: .*gone' is not a folder.*LRM_INTERVAL.*DATABASE_URL.*\n$/),
  });
});
