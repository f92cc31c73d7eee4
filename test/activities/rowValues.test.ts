import { describe, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { register, resultOf, startRun } from '../support/migrations';

const servers = useDevServers();

describe('row values', () => {
  test('are not in the history, the log or our columns, whatever error quotes them', async () => {
    const EMAIL = 'alice@example.org';
    await servers.sql`create table secrets (email text primary key)`;
    await servers.sql`insert into secrets values (${EMAIL})`;
    const jobs = servers.jobsFolder();
    const first = 'const [{ email }] = await job.sql`select email from secrets`;';
    const bodies = {
      '0001_unique': 'await job.sql`insert into secrets values (${email})`;',
      '0002_cast': 'await job.sql`select email::int from secrets`;',
      '0003_drizzle':
        "const { sql } = require('drizzle-orm'); await job.db.execute(sql`insert into secrets values (${email})`);",
      '0004_json': 'JSON.parse(email);',
      '0005_unhandled':
        'void job.sql`select ${email}::int`.execute(); await new Promise(() => setInterval(() => {}, 1000));',
      '0006_object': 'throw { email };',
    };
    for (const [name, body] of Object.entries(bodies)) {
      jobs.writeJob(name, `exports.run = async (job) => { ${first} ${body} };`);
    }
    await register(servers, ...Object.keys(bodies));
    const worker = await servers.startWorker({
      jobs,
      env: { LRM_RETRY_INITIAL_INTERVAL: '100ms', LRM_MAX_FAILURES: '2', LRM_LOG_LEVEL: 'debug' },
    });

    const run = await startRun(servers);
    expect(await resultOf(run)).toMatchObject({ failed: { count: 6 } });

    const history = JSON.stringify(await run.fetchHistory(), (_, value) =>
      value?.type === 'Buffer' || value instanceof Uint8Array
        ? Buffer.from(value.data ?? value).toString()
        : value,
    );
    const rows = JSON.stringify([
      await servers.sql`select * from long_running_migrations.migrations`,
      await servers.sql`select * from long_running_migrations.attempts`,
    ]);
    await worker.stop();
    expect(history).toContain('23505');
    for (const place of [history, rows, JSON.stringify(worker.log())]) {
      expect(place).not.toContain('alice');
    }
  });
});
