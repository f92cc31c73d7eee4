import { availableParallelism } from 'node:os';
import { runInline } from '../../activities/runInline';
import { plainText } from '../../settings/plainText';
import type { Settings } from '../../settings/settings';
import { withDeps } from '../../worker/inline';
import { say, warn } from '../terminal/output';
import { commandLog } from './commandLog';
import { untilInterrupted } from './untilInterrupted';

/** Jobs on empty tables mostly wait for the database. More at a time do not get more of its cores. */
const AT_ONCE = 2 * Math.min(4, availableParallelism());

/** What `lrm migrate --complete-on-empty` adds to its answer. */
export interface CompletedOnEmpty {
  readonly completed: readonly string[];
  readonly left: readonly { readonly name: string; readonly reason: string | null }[];
}

/** Completes the pending migrations that find nothing to do, and leaves the others as pending. */
export async function completeOnEmpty(settings: Settings): Promise<CompletedOnEmpty> {
  const log = commandLog(settings.LRM_LOG_LEVEL, warn);
  const parts = { settings, log, concurrency: AT_ONCE, onlyIfEmpty: true };
  const results = await withDeps(parts, (deps) =>
    untilInterrupted({ say: warn, close: () => {} }, (signal) =>
      runInline(deps, { concurrency: AT_ONCE, onlyIfEmpty: true, signal }),
    ),
  );
  const completed = results
    .filter(({ outcome }) => outcome === 'completed')
    .map(({ name }) => name);
  const left = results
    .filter(({ outcome }) => outcome !== 'completed')
    .map(({ name, reason }) => ({ name, reason }));
  say(`completed, because there was nothing to do: ${completed.length}`);
  for (const { name, reason } of left) say(plainText(`pending: ${name}: ${reason ?? ''}`));
  return { completed, left };
}
