import { connect } from '../../../../drizzle/connect';
import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';

/** Waits until the primary takes writes. */
export async function untilPostgresAnswers({ postgres }: ChaosSet): Promise<void> {
  await waitFor(
    'Postgres to take writes',
    async () => {
      const sql = connect(postgres.url, { max: 1, applicationName: 'chaos' });
      try {
        const [row] = await sql`select pg_is_in_recovery() as recovers`;
        return row?.['recovers'] === false;
      } catch {
        return false;
      } finally {
        await sql.end({ timeout: 1 }).catch(() => {});
      }
    },
    WITHIN,
  );
}

/** Waits until the server tells of a namespace. */
export async function untilTemporalAnswers({ temporal }: ChaosSet): Promise<void> {
  await waitFor(
    'Temporal to answer',
    () => {
      const { client } = temporal;
      return client.connection.withDeadline(Date.now() + 2_000, () =>
        client.workflowService.describeNamespace({ namespace: client.options.namespace }).then(
          () => true,
          () => false,
        ),
      );
    },
    WITHIN,
  );
}

/** Milliseconds. */
const WITHIN = 60_000;
