import { openDependencies } from '../drizzle/rows/dependencies';
import { mayRunForward } from '../drizzle/rows/live';
import type { Inspection } from '../jobs/process/inspectJob';
import type { Deps } from './deps';
import { unlessAborted } from './unlessAborted';
import { ASK, whyNotReady } from './whyNotReady';
import { waitsText } from './whyNotStarted';

/**
 * Why an attempt must not begin; null when it may. It is asked right before each claim, since the
 * listing may be old, or may have had to judge without the facts of the job's file.
 * @param inspection what the attempt itself knows about its file
 * @param signal aborted when the attempt has to stop: a worker that shuts down can't wait for ready().
 *   Then the answer is null: the claim finds the same out, and run() is not called.
 */
export async function whyNotYet(
  deps: Deps,
  name: string,
  file: string,
  inspection: Inspection,
  signal: AbortSignal,
): Promise<string | null> {
  // Without the facts, the attempt ends without a call of run(), and writes what is wrong to the row.
  if (inspection.kind !== 'facts') return null;
  // The claim carries out, or reports, what has happened to the row. And dependsOn and ready() are about
  // run(), so a revert waits for neither.
  if (!(await mayRunForward(deps.db, name))) return null;
  const { dependsOn, ready } = inspection.facts;
  const reason = waitsText(name, dependsOn, await openDependencies(deps.db, dependsOn));
  if (reason !== null || !ready) return reason;
  return unlessAborted(signal, whyNotReady(deps, name, file, ASK));
}
