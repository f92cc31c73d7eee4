import { openDependencies } from '../drizzle/rows/dependencies';
import { inspectJob } from '../jobs/process/inspectJob';
import type { Deps } from './deps';

/** The first few of a hundred dependencies say enough. Characters. */
const REASON_AT_MOST = 400;

/**
 * Why a pending migration cannot be started now; null when it can.
 * @param file Its code on this worker; undefined when there is none.
 */
export async function whyNotStarted(
  { db, settings }: Pick<Deps, 'db' | 'settings'>,
  file: string | undefined,
  name: string,
): Promise<string | null> {
  if (!file) {
    return `no file ${name} on the worker that looked; deploy its code, or: npx lrm cancel ${name}`;
  }
  const inspection = await inspectJob(file, settings.LRM_ERROR_DETAIL);
  // Code that cannot be loaded is started: its attempt writes what is wrong to the row.
  if (inspection.kind !== 'facts' || inspection.facts.dependsOn.length === 0) return null;
  const wanted = [...new Set(inspection.facts.dependsOn)];
  if (wanted.includes(name)) return 'waits for itself; fix its dependsOn';
  const unfinished = await openDependencies(db, wanted);
  return unfinished.length > 0
    ? `waits for ${unfinished.join(', ')}`.slice(0, REASON_AT_MOST)
    : null;
}
