import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import { NothingToBreak } from '../../fault';

/** A session of the product in Postgres. */
export interface OurSession {
  /** Of its backend. */
  readonly pid: number;
  /** Its application name: 'lrm worker', or 'lrm:<schema>:<attempt>'. */
  readonly name: string;
}

/** Sessions of attempts, at least one. @throws NothingToBreak when no attempt has one within a minute */
export const sessionsOfAttempts = (set: ChaosSet): Promise<OurSession[]> =>
  sessions(set, '^lrm:.*:[0-9]+$');

/** Sessions of workers, attempts and operators, at least one. */
export const allOurSessions = (set: ChaosSet): Promise<OurSession[]> => sessions(set, '^lrm');

async function sessions({ postgres }: ChaosSet, pattern: string): Promise<OurSession[]> {
  try {
    return await waitFor(
      'a session',
      async () => {
        const rows = await postgres.sql<OurSession[]>`
          select pid, application_name as name from pg_stat_activity
          where backend_type = 'client backend' and application_name ~ ${pattern}
          order by backend_start`;
        return rows.length > 0 && [...rows];
      },
      WITHIN,
    );
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('waited')) {
      throw new NothingToBreak('the product had no session');
    }
    throw error;
  }
}

/** Other faults may have stopped all that ran. Milliseconds. */
const WITHIN = 60_000;
