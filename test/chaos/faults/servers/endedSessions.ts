import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { inSeconds, lasts } from '../lasts';
import { allOurSessions, type OurSession, sessionsOfAttempts } from './ourSessions';

/** An administrator, or a tool of one, ends sessions and statements. */
export const endedSessions: readonly Fault[] = [
  {
    kind: 'Postgres: sessions of attempts terminated',
    part: 'postgres',
    inflict: async ({ set, random }) => {
      const all = await sessionsOfAttempts(set);
      return terminate(set, random.chance(0.5) ? all : [random.pick(all)]);
    },
  },
  {
    kind: 'Postgres: all sessions of ours terminated',
    part: 'postgres',
    inflict: async ({ set }) => terminate(set, await allOurSessions(set)),
  },
  {
    kind: 'Postgres: running statements cancelled',
    part: 'postgres',
    inflict: async ({ set, random }) => {
      const milliseconds = lasts(random, 1, 5);
      const until = performance.now() + milliseconds;
      let cancelled = 0;
      await sessionsOfAttempts(set);
      while (performance.now() < until) {
        const rows = await set.postgres.sql`
          select pg_cancel_backend(pid) from pg_stat_activity
          where application_name ~ '^lrm' and state = 'active'`;
        cancelled += rows.length;
        await sleep(random.integer(1, 100));
      }
      if (cancelled === 0) throw new NothingToBreak('no statement of ours ran');
      return `${cancelled} within ${inSeconds(milliseconds)}`;
    },
  },
];

async function terminate({ postgres }: ChaosSet, sessions: readonly OurSession[]): Promise<string> {
  const { sql } = postgres;
  const pids = sessions.map(({ pid }) => pid);
  const rows = await sql<{ pid: number; done: boolean }[]>`
    select pid, pg_terminate_backend(pid) as done from unnest(${pids}::int[]) as pid`;
  const ended = rows.filter(({ done }) => done).length;
  if (ended === 0) throw new NothingToBreak('all of them had ended before');
  await waitFor('terminated sessions to end', async () => {
    const left = await sql`select from pg_stat_activity where pid = any(${pids}::int[])`;
    return left.length === 0;
  });
  return `${ended} sessions`;
}
