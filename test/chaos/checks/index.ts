import { afterStop } from './afterStop';
import type { CheckContext } from './context';
import { everyRowOnce } from './everyRowOnce';
import { type Finding, shortened } from './finding';
import { foreground } from './foreground';
import { forgotten } from './forgotten';
import { prepare } from './judge';
import { leaks } from './leaks';
import { logs } from './logs';
import { memory } from './memory';
import { oneAtATime } from './oneAtATime';
import { outcomes } from './outcomes';
import { ranges } from './ranges';
import { runs } from './runs';
import { statuses } from './statuses';

export type * from './context';
export type { Finding } from './finding';

/**
 * Judges a run by what the database, Temporal, files and processes show afterwards. It uses nothing of
 * the product. Workers, load and operators must have ended.
 * @returns what must not have happened, in the order of the checks; empty: nothing
 * @throws Error when something can't be judged: that is a failure of the run, too
 */
export async function check(context: CheckContext): Promise<Finding[]> {
  await prepare(context.sql);
  const found: Finding[] = [];
  for (const each of CHECKS) found.push(...shortened(await each(context)));
  return found;
}

/** One way to judge. */
export type Check = (context: CheckContext) => Promise<Finding[]>;

const CHECKS: readonly Check[] = [
  everyRowOnce,
  ranges,
  oneAtATime,
  afterStop,
  statuses,
  outcomes,
  forgotten,
  runs,
  foreground,
  leaks,
  memory,
  logs,
];
