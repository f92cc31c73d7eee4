import { setTimeout as sleep } from 'node:timers/promises';
import { hasPgBouncer, runPgBouncer } from '../../../support/pgbouncerProcess';
import { waitFor } from '../../../support/waitFor';
import type { Fault } from '../../fault';
import { whileFrozen } from '../frozen';
import { inSeconds, lasts } from '../lasts';
import { localPorts } from './localPorts';

/** For a while one worker reaches Postgres through PgBouncer, which is killed there, and frozen. */
export const throughPgBouncer: Fault = {
  kind: 'PgBouncer in between',
  part: 'worker',
  needs: ['postgres'],
  unavailable: () =>
    hasPgBouncer ? undefined : "PgBouncer is missing (on Debian: 'apt-get install pgbouncer')",
  inflict: async ({ set, worker, random }) => {
    const milliseconds = lasts(random, 3, 15);
    const also = random.pick(['killed', 'frozen', 'left alone'] as const);
    const bouncer = await runPgBouncer(set.postgres.appUrl(), { pool_mode: 'session' });
    try {
      worker.postgres.retarget(`127.0.0.1:${bouncer.port}`);
      await waitFor('a session through PgBouncer', async () => {
        const rows = await set.postgres.sql`
          select from pg_stat_activity
          where application_name ~ '^lrm' and client_port = any(${localPorts(bouncer.pid)}::int[])`;
        return rows.length > 0;
      });
      await sleep(milliseconds);
      if (also === 'killed') await bouncer.restart();
      if (also === 'frozen') await whileFrozen([bouncer.pid], () => sleep(lasts(random, 2, 15)));
      await sleep(also === 'left alone' ? 0 : milliseconds);
    } finally {
      worker.postgres.retarget(set.postgres.address);
      await bouncer.stop();
    }
    return `for ${inSeconds(milliseconds)}; then ${also}`;
  },
};
