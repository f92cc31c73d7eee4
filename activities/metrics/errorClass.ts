import type { Description } from '../../jobs/process/describeError';

/**
 * The class of an error, as a label: there must be few of them, and no values of rows. 'sqlstate_23'
 * for an error of Postgres, else where it comes from. Causes are looked at innermost first.
 */
export function errorClass(error: Description): string {
  return ofServer(error) ?? (OF_PROCESS.has(error.name) ? 'process' : OTHERS[error.origin]);
}

/** What describeCrash() and describeExit() name the end of a job process. */
const OF_PROCESS: ReadonlySet<string> = new Set(['Crash', 'ChannelBroken', 'NotStarted', 'Exit']);

const OTHERS: Readonly<Record<Description['origin'], string>> = {
  postgres: 'sqlstate_other',
  driver: 'connection',
  language: 'language',
  ours: 'ours',
  author: 'author',
  'no error': 'author',
};

function ofServer(error: Description): string | undefined {
  for (const cause of error.causes) {
    const found = ofServer(cause);
    if (found) return found;
  }
  if (error.origin === 'driver') return OTHERS.driver;
  if (error.origin !== 'postgres') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code ?? '')
    ? `sqlstate_${error.code?.slice(0, 2)}`
    : OTHERS.postgres;
}
