import { publicEpoch } from '../../drizzle/rights/jobViews';
import type { FencedAttempt } from '../../drizzle/rows/fence';
import type { RunInput } from '../../jobs/process/messages';
import type { Settings } from '../../settings/settings';

/** How a job's process connects to the main database: with the worker's role, or with one of its own. */
export function jobConnection({
  databaseUrl,
  LRM_JOB_DATABASE_URL: own,
  password,
}: Settings): Pick<RunInput, 'databaseUrl' | 'password'> {
  // PGPASSWORD is that of the worker's role.
  return own === undefined ? { databaseUrl, password } : { databaseUrl: own };
}

/** The same for an attempt, which stores what it does. */
export function attemptConnection(
  settings: Settings,
  attempt: FencedAttempt,
): Pick<RunInput, 'databaseUrl' | 'password' | 'attempt' | 'ownRole'> {
  const { epoch } = attempt;
  const sent = { ...attempt, id: String(attempt.id) };
  if (settings.LRM_JOB_DATABASE_URL === undefined) {
    return { ...jobConnection(settings), attempt: sent };
  }
  return {
    ...jobConnection(settings),
    attempt: { ...sent, epoch: publicEpoch(epoch) },
    ownRole: { epoch },
  };
}
