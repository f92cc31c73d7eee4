import { connect } from '../../../drizzle/connect';
import { takeBaseBackup } from '../../support/baseBackup';
import { waitFor } from '../../support/waitFor';
import type { PostgresServer } from './postgresServer';

/** By this name the primary knows its replica. */
export const REPLICA = 'replica';

/**
 * Fills the folder `data` with a base backup that starts as a replica. One that is promoted must not wait
 * for a replica of its own: the last line of a name wins.
 */
export const takeBackup = ({ data: from, url }: PostgresServer, data: string): Promise<void> =>
  takeBaseBackup(url, from, data, REPLICA, "synchronous_standby_names = ''");

/** Waits until the replica streams, then lets commits on the primary wait for it. */
export async function waitForReplica(primary: PostgresServer): Promise<void> {
  const sql = connect(primary.url, { max: 1, applicationName: 'chaos start' });
  try {
    await waitFor(
      'the replica to stream',
      async () => {
        const rows = await sql`
          select from pg_stat_replication
          where application_name = ${REPLICA} and state = 'streaming'`;
        return rows.length > 0;
      },
      STREAMS_WITHIN,
    );
    await sql.unsafe(`alter system set synchronous_standby_names = '${REPLICA}'`);
    await sql`select pg_reload_conf()`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Milliseconds. */
const STREAMS_WITHIN = 60_000;
