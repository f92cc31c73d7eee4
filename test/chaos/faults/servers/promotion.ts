import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { whileFrozen } from '../frozen';
import { untilPostgresAnswers } from './answers';
import { backgroundProcess } from './backgroundProcess';

/** The replica takes over: with all that was committed, and with less. */
export const promotions: readonly Fault[] = [
  {
    kind: 'Postgres: promotion of the replica',
    part: 'postgres',
    inflict: ({ set }) => promoted(set),
  },
  {
    kind: 'Postgres: promotion of a replica that lags',
    part: 'postgres',
    inflict: async ({ set, random }) => {
      const least = random.integer(1_000, 100_000);
      let behind = 0;
      const line = await whileFrozen([await backgroundProcess(set, 'walsender')], async () => {
        behind = await bytesBehind(set, least);
        return promoted(set);
      });
      return `${line}; the replica was ${behind} bytes behind`;
    },
  },
];

async function promoted(set: ChaosSet): Promise<string> {
  const before = set.postgres.address;
  await set.postgres.promote();
  await untilPostgresAnswers(set);
  const { address } = set.postgres;
  if (address === before) throw new Error(`the primary is still ${address}`);
  return `${address} instead of ${before}`;
}

/** Waits until the replica misses so many bytes of WAL. */
export async function bytesBehind({ postgres }: ChaosSet, least: number): Promise<number> {
  return waitFor('the replica to lag', async () => {
    const [row] = await postgres.sql<{ bytes: number }[]>`
        select max(pg_current_wal_insert_lsn() - sent_lsn)::float8 as bytes
        from pg_stat_replication where state = 'streaming'`;
    return row && row.bytes >= least && row.bytes;
  }).catch(() => {
    throw new NothingToBreak(`nothing was written: the replica is not ${least} bytes behind`);
  });
}
