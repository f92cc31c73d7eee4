import { readUncompleted } from '../drizzle/rows/dependencies';
import type { Direction } from '../drizzle/schema';
import type { Deps } from './deps';
import { inspect } from './inspect';

/** The first few of a hundred dependencies say enough. Characters. */
const REASON_AT_MOST = 400;

/** A pending migration, and its code on this worker: undefined when there is none. */
export interface Candidate {
  readonly name: string;
  readonly file: string | undefined;
  readonly direction: Direction;
}

/** Why a pending migration cannot be started now; null when it can. */
export async function whyNotStarted(
  deps: Pick<Deps, 'db' | 'settings' | 'shareInspections'>,
  candidate: Candidate,
): Promise<string | null> {
  return (await whyNoneStarted(deps, [candidate])).get(candidate.name) ?? null;
}

/** The reasons of those that cannot be started now, by name. One question for all of them. */
export async function whyNoneStarted(
  deps: Pick<Deps, 'db' | 'settings' | 'shareInspections'>,
  candidates: readonly Candidate[],
): Promise<Map<string, string>> {
  const wanted = new Map<string, readonly string[]>();
  for (const { name, file, direction } of candidates) {
    if (!file) continue;
    // What depends on others comes after them. Going back, it comes before them: so it must not wait
    // until what it depends on is completed again.
    if (direction === 'revert') {
      wanted.set(name, []);
      continue;
    }
    const inspection = await inspect(deps, file);
    // Code that cannot be loaded is started: its attempt writes what is wrong to the row.
    wanted.set(name, inspection.kind === 'facts' ? inspection.facts.dependsOn : []);
  }
  const uncompleted = await readUncompleted(deps.db, [...new Set([...wanted.values()].flat())]);
  const reasons = candidates.map(
    ({ name }) => [name, reasonOf(name, wanted.get(name), uncompleted)] as const,
  );
  return new Map(reasons.filter((entry): entry is [string, string] => entry[1] !== null));
}

function reasonOf(
  name: string,
  wanted: readonly string[] | undefined,
  uncompleted: ReadonlyMap<string, string>,
): string | null {
  if (!wanted) {
    return `no file ${name} on the worker that looked; deploy its code, or: npx lrm cancel ${name}`;
  }
  if (wanted.includes(name)) return 'waits for itself; fix its dependsOn';
  const open = [...new Set(wanted)].filter((each) => uncompleted.has(each));
  if (open.length === 0) return null;
  const list = open.map((each) => `${each} (${uncompleted.get(each)})`);
  return `waits for ${list.join(', ')}`.slice(0, REASON_AT_MOST);
}
