import { readUncompleted } from '../drizzle/rows/dependencies';
import { jobOf } from '../settings/migrationName';
import type { Deps } from './deps';
import { inspect } from './inspect';

/** The first few of a hundred dependencies say enough. Characters. */
const REASON_AT_MOST = 400;

/** A pending migration, and its code on this worker: undefined when there is none. */
export interface Candidate {
  readonly name: string;
  readonly file: string | undefined;
}

/** Why a pending migration cannot be started now; null when it can. */
export async function whyNotStarted(
  deps: Pick<Deps, 'db' | 'settings' | 'shareInspections'>,
  file: string | undefined,
  name: string,
  known: Known = newKnown(),
): Promise<string | null> {
  return (await whyNoneStarted(deps, [{ name, file }], known)).get(name) ?? null;
}

/**
 * What one listing has found out: thousands of targets may have the same file, and wait for the same.
 */
export interface Known {
  /** By file. */
  readonly dependsOn: Map<string, readonly string[]>;
  /** By dependency. Null: completed. */
  readonly statuses: Map<string, string | null>;
}

export const newKnown = (): Known => ({ dependsOn: new Map(), statuses: new Map() });

/** The reasons of those that cannot be started now, by name. One question for all of them. */
export async function whyNoneStarted(
  deps: Pick<Deps, 'db' | 'settings' | 'shareInspections'>,
  candidates: readonly Candidate[],
  known: Known = newKnown(),
): Promise<Map<string, string>> {
  const wanted = new Map<string, readonly string[]>();
  for (const { name, file } of candidates) {
    if (!file) continue;
    const dependsOn = known.dependsOn.get(file) ?? (await readDependsOn(deps, file));
    known.dependsOn.set(file, dependsOn);
    wanted.set(name, dependsOn);
  }
  const uncompleted = await readStatuses(deps, [...new Set([...wanted.values()].flat())], known);
  const reasons = candidates.map(
    ({ name }) => [name, reasonOf(name, wanted.get(name), uncompleted)] as const,
  );
  return new Map(reasons.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Code that cannot be loaded is started: its attempt writes what is wrong to the row. */
async function readDependsOn(
  deps: Pick<Deps, 'settings' | 'shareInspections'>,
  file: string,
): Promise<readonly string[]> {
  const inspection = await inspect(deps, file);
  return inspection.kind === 'facts' ? inspection.facts.dependsOn : [];
}

/** Of those that are not completed. */
async function readStatuses(
  { db }: Pick<Deps, 'db'>,
  names: readonly string[],
  { statuses }: Known,
): Promise<Map<string, string>> {
  const unknown = names.filter((name) => !statuses.has(name));
  const uncompleted = await readUncompleted(db, unknown);
  for (const name of unknown) statuses.set(name, uncompleted.get(name) ?? null);
  return new Map(
    names
      .map((name) => [name, statuses.get(name)] as const)
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function reasonOf(
  name: string,
  wanted: readonly string[] | undefined,
  uncompleted: ReadonlyMap<string, string>,
): string | null {
  if (!wanted) {
    return `no file ${jobOf(name)} on the worker that looked; deploy its code, or: npx lrm cancel ${name}`;
  }
  // Without a target, a dependency is all targets of that file: also this one.
  if (wanted.includes(name) || wanted.includes(jobOf(name)))
    return 'waits for itself; fix its dependsOn';
  const open = [...new Set(wanted)].filter((each) => uncompleted.has(each));
  if (open.length === 0) return null;
  const list = open.map((each) => `${each} (${uncompleted.get(each)})`);
  return `waits for ${list.join(', ')}`.slice(0, REASON_AT_MOST);
}
