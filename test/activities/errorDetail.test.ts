import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { attempts, migration, register, runToEnd } from '../support/migrations';

const servers = useDevServers();
const EMAIL = 'alice@example.org';

const JOBS = {
  '0001_violates': `exports.run = async (job) => {
    await job.sql\`insert into people (email) values (\${'${EMAIL}'})\`; };`,
  '0002_parses': `exports.run = async () => { JSON.parse('${EMAIL}'); };`,
  '0003_can_not_be_loaded': `JSON.parse('${EMAIL}');`,
};

test.each([
  ['full', true],
  ['safe', false],
  ['', false],
])(
  'LRM_ERROR_DETAIL=%s: whole messages in the log: %s; never in rows or Temporal',
  async (detail, whole) => {
    await servers.sql`create table if not exists people (email text primary key)`;
    await servers.sql`insert into people values (${EMAIL}) on conflict do nothing`;
    await servers.sql`truncate long_running_migrations.migrations cascade`;
    const jobs = servers.jobsFolder();
    for (const [name, source] of Object.entries(JOBS)) jobs.writeJob(name, source);
    await register(servers, ...Object.keys(JOBS));
    const worker = await servers.startWorker({ jobs, env: { LRM_ERROR_DETAIL: detail } });

    const result = await runToEnd(servers).catch((failed: unknown) => failed);
    await worker.stop();

    for (const name of Object.keys(JOBS)) {
      const lines = worker.log().filter((line) => line['migration'] === name);
      expect([name, JSON.stringify(lines).includes(EMAIL)]).toEqual([name, whole]);
      const kept = [await migration(servers, name), await attempts(servers, name), result];
      const text = JSON.stringify(kept, (_, value) =>
        typeof value === 'bigint' ? `${value}` : value,
      );
      expect(text).toMatch(/unique violation|SyntaxError/);
      expect(text).not.toContain('alice');
    }
    const history = await servers.client.workflow
      .getHandle('long-running-migrations')
      .fetchHistory();
    const asText = (_: string, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value;
    const events = history.events?.map((event) => JSON.stringify(event, asText)).join() ?? '';
    expect(events).toContain('0001_violates');
    expect(events).not.toContain('alice');
  },
);
