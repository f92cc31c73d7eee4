import { expect, test } from '@jest/globals';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { SAFE_FORM } from '../support/registration';
import { lrmWith } from './lrm';

const servers = useDevServers();
const fresh = useDatabase({ empty: true });

/** Milliseconds. It starts eight processes, which a busy machine needs minutes for. */
const MANY_PROCESSES = 180_000;

test(
  'every command says what to type about registrations that wait, and which it skips',
  async () => {
    await fresh.sql.unsafe(SAFE_FORM('0001_a') + SAFE_FORM('0002-b'));
    const env = { DATABASE_URL: fresh.databaseUrl };
    const lrm = lrmWith(servers, env);
    const worker = servers.spawnWorker({ env });
    const before = await Promise.all([lrm('check'), lrm('status'), lrm('doctor'), worker.exited]);
    const [check, status, doctor] = before;
    expect(check).toMatchObject({ code: 1 });
    expect(check.stderr).toMatch(
      '0001_a is registered, but not taken over yet. Next: npx lrm migrate',
    );
    expect(status).toMatchObject({ code: 1 });
    expect(status.stderr).toMatch('run npx lrm migrate');
    expect(doctor.stdout).toMatch(/failed +registered +0001_a is registered/);
    expect(JSON.stringify(worker.log())).toMatch('type: npx lrm migrate');

    const skipped =
      "'0002-b' in long_running_migrations.registrations can't be the name of a migration";
    const migrate = await lrm('migrate');
    expect(migrate.code).toBe(0);
    expect(migrate.stdout).toMatch('registered 0001_a, which the application had asked for before');
    expect(migrate.stderr).toMatch(skipped);

    const after = await Promise.all([
      lrm('check', '0001_a'),
      lrm('status'),
      lrm('doctor', '--json'),
    ]);
    expect(after[0].stderr).toMatch('0001_a is created');
    expect(after[1]).toMatchObject({ code: 0 });
    expect(after[1].stderr).toMatch(skipped);
    const { checks } = JSON.parse(after[2].stdout) as { checks: Record<string, unknown>[] };
    expect(checks).toContainEqual(
      expect.objectContaining({
        check: 'registered',
        state: 'warning',
        message: expect.any(String),
      }),
    );
  },
  MANY_PROCESSES,
);
