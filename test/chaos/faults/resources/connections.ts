import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Sql } from '../../../../drizzle/connect';
import type { Fault } from '../../fault';
import { inSeconds, lasts } from '../lasts';
import { allOurSessions } from '../servers/ourSessions';

/** Others hold all sessions that the server may have, up to those reserved for superusers. */
export const tooManyConnections: Fault = {
  kind: 'too many connections (53300)',
  part: 'postgres',
  inflict: async ({ set, random }) => {
    const milliseconds = lasts(random, 3, 15);
    const url = set.postgres.appUrl();
    const held: Sql[] = [];
    const counts = { refused: 0 };
    try {
      const fillers = (enough: () => boolean) =>
        Promise.all(Array.from({ length: FILLERS }, () => fill(url, held, counts, enough)));
      await fillers(() => counts.refused > 0);
      const until = performance.now() + milliseconds;
      const ours = (await allOurSessions(set)).map(({ pid }) => pid);
      const filling = fillers(() => performance.now() > until);
      // So that workers and attempts need new ones.
      await set.postgres.sql`select pg_terminate_backend(pid) from unnest(${ours}::int[]) as pid`;
      await filling;
    } finally {
      await Promise.all(held.map((sql) => sql.end({ timeout: 1 })));
    }
    return `${held.length} sessions of others for ${inSeconds(milliseconds)}`;
  },
};

/** That connect at the same time. */
const FILLERS = 8;

/** Opens sessions and keeps them, until `enough`. */
async function fill(
  url: string,
  held: Sql[],
  counts: { refused: number },
  enough: () => boolean,
): Promise<void> {
  while (!enough()) {
    const sql = connect(url, { max: 1, applicationName: 'chaos filler' });
    try {
      await sql`select 1`;
      held.push(sql);
    } catch (error) {
      await sql.end({ timeout: 0 }).catch(() => {});
      if ((error as { code?: string }).code !== '53300') throw error;
      counts.refused++;
      await sleep(20);
    }
  }
}
