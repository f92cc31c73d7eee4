import {
  type Dependency,
  readStatuses,
  type Standing,
  waitedFor,
} from '../drizzle/rows/dependencies';
import type { Direction } from '../drizzle/schema';
import { AT_ONCE } from '../jobs/process/askJob';
import type { Inspection } from '../jobs/process/inspectJob';
import { jobOf } from '../settings/migrationName';
import type { Deps } from './deps';
import { inspect } from './inspect';
import { shortReason } from './shortReason';
import { type Believed, whyNotReady } from './whyNotReady';

/** A pending migration, and its code on this worker: undefined when there is none. */
export interface Candidate {
  readonly name: string;
  readonly file: string | undefined;
  readonly direction: Direction;
}

/** What is known of a pending migration without asking its `ready()`. */
export interface Judgement {
  /** Why it cannot be started now; null when nothing is in the way. */
  readonly reason: string | null;
  /** Whether its `ready()` has to be asked, too. */
  readonly asks: boolean;
}

type Needed = Pick<Deps, 'db' | 'settings' | 'log' | 'shareInspections'>;

/**
 * What one listing has found out: thousands of targets may have the same file, and wait for the same.
 */
export interface Known {
  /** By file. */
  readonly inspections: Map<string, Inspection>;
  /** By dependency. Undefined: not registered. */
  readonly statuses: Map<string, readonly Standing[] | undefined>;
}

export const newKnown = (): Known => ({ inspections: new Map(), statuses: new Map() });

/** Judges by files and dependencies, with one question to the database for all of them. */
export async function judge(
  deps: Needed,
  candidates: readonly Candidate[],
  known: Known = newKnown(),
): Promise<Map<string, Judgement>> {
  const inspections = new Map<string, Inspection>();
  const reverts = new Set<string>();
  for (const { name, file, direction } of candidates) {
    if (!file) continue;
    // What depends on others comes after them. Going back, it comes before them: so it must not wait
    // until what it depends on is completed again. ready(), too, is about run().
    if (direction === 'revert') reverts.add(name);
    else {
      const inspection = known.inspections.get(file) ?? (await inspect(deps, file));
      known.inspections.set(file, inspection);
      inspections.set(name, inspection);
    }
  }
  const names = [...new Set(inspections.values())].flatMap((each) => dependenciesOf(each));
  const statuses = await learnStatuses(
    deps,
    names.map(({ name }) => name),
    known,
  );
  return new Map(
    candidates.map(({ name }) => [
      name,
      reverts.has(name) ? NOTHING : judgeOne(name, inspections.get(name), statuses),
    ]),
  );
}

async function learnStatuses(
  { db }: Needed,
  names: readonly string[],
  { statuses }: Known,
): Promise<Map<string, readonly Standing[]>> {
  const unknown = names.filter((name) => !statuses.has(name));
  const read = await readStatuses(db, unknown);
  for (const name of unknown) statuses.set(name, read.get(name));
  return new Map(
    names
      .map((name) => [name, statuses.get(name)] as const)
      .filter((entry): entry is [string, readonly Standing[]] => entry[1] !== undefined),
  );
}

/** The reasons of those that cannot be started now, by name. */
export async function whyNoneStarted(
  deps: Needed,
  candidates: readonly Candidate[],
  believed: Believed,
): Promise<Map<string, string>> {
  const judgements = await judge(deps, candidates);
  const reasons = new Map<string, string>();
  const asked: Candidate[] = [];
  for (const candidate of candidates) {
    const { reason, asks } = judgements.get(candidate.name) ?? NOTHING;
    if (reason !== null) reasons.set(candidate.name, reason);
    if (asks) asked.push(candidate);
  }
  // Not all at once: those that come after `until` are not asked any more.
  while (asked.length > 0) {
    const some = asked.splice(0, AT_ONCE).map(async ({ name, file = '' }) => {
      const reason = await whyNotReady(deps, name, file, believed);
      if (reason !== null) reasons.set(name, reason);
    });
    await Promise.all(some);
  }
  return reasons;
}

const NOTHING: Judgement = { reason: null, asks: false };

function judgeOne(
  name: string,
  inspection: Inspection | undefined,
  statuses: ReadonlyMap<string, readonly Standing[]>,
): Judgement {
  if (!inspection) {
    const reason = `no file ${jobOf(name)} on the worker that looked; deploy its code, or: npx lrm cancel ${name}`;
    return { reason, asks: false };
  }
  // Code that cannot be loaded is started: its attempt writes what is wrong to the row. If it can be
  // loaded by then, the attempt judges again.
  if (inspection.kind !== 'facts') return NOTHING;
  const { dependsOn, ready } = inspection.facts;
  const reason = waitsText(name, dependsOn, waitedFor(dependsOn, statuses));
  return { reason, asks: reason === null && ready };
}

const dependenciesOf = (inspection: Inspection): readonly Dependency[] =>
  inspection.kind === 'facts' ? inspection.facts.dependsOn : [];

/** Why a migration waits for its dependencies; null when it does not. */
export function waitsText(
  name: string,
  dependsOn: readonly Dependency[],
  open: readonly string[],
): string | null {
  // Without a target, a dependency is all targets of that file: also this one.
  if (dependsOn.some((each) => each.name === name || each.name === jobOf(name))) {
    return 'waits for itself; fix its dependsOn';
  }
  return open.length > 0 ? shortReason(`waits for ${open.join(', ')}`) : null;
}
