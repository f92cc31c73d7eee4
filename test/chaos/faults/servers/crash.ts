import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { whileFrozen } from '../frozen';
import { untilPostgresAnswers } from './answers';
import { backgroundProcess } from './backgroundProcess';
import { sessionsOfAttempts } from './ourSessions';

/** Restarts of Postgres, from the harmless to the one that loses what was committed. */
export const crashes: readonly Fault[] = [
  {
    kind: 'Postgres: immediate restart',
    part: 'postgres',
    weight: 2,
    inflict: ({ set }) => restarted(set, () => set.postgres.crash()),
  },
  {
    kind: 'Postgres: fast restart',
    part: 'postgres',
    inflict: ({ set }) => restarted(set, () => set.postgres.restart()),
  },
  {
    kind: 'Postgres: crash that loses asynchronous commits',
    part: 'postgres',
    inflict: async ({ set }) => {
      const { sql } = set.postgres;
      const lost = await whileFrozen([await backgroundProcess(set, 'walwriter')], async () => {
        const unflushed = await waitFor('commits that are not on the disk', async () => {
          const [row] = await sql<{ bytes: number }[]>`
            select (pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn())::float8 as bytes`;
          return row && row.bytes > 0 && row.bytes;
        }).catch(() => {
          throw new NothingToBreak('nothing was written');
        });
        await set.postgres.crash();
        return unflushed;
      });
      return `${lost} bytes of WAL were not on the disk`;
    },
  },
  {
    kind: 'Postgres: a backend killed, and so all of them',
    part: 'postgres',
    inflict: async ({ set, random }) => {
      const victim = random.pick(await sessionsOfAttempts(set));
      const before = await backgroundProcess(set, 'checkpointer');
      process.kill(victim.pid, 'SIGKILL');
      await waitFor('Postgres to restart all of its processes', async () => {
        const now = await backgroundProcess(set, 'checkpointer').catch(() => before);
        return now !== before;
      });
      await untilPostgresAnswers(set);
      return `the backend of ${victim.name}, as the system does when memory is short`;
    },
  },
];

async function restarted(set: ChaosSet, restart: () => Promise<void>): Promise<string> {
  const before = set.postgres.pid;
  await restart();
  await untilPostgresAnswers(set);
  const { pid } = set.postgres;
  if (pid === before) throw new Error(`Postgres is still process ${pid}`);
  return `process ${pid} instead of ${before}`;
}
