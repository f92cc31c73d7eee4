import { isName } from '../../settings/migrationName';
import { UsageError } from '../../settings/usageError';
import type { Dependency } from '../process/messages';

/** A longer list would not fit into the messages that show it. */
const AT_MOST = 100;

/** The statuses besides `completed` with which a job may content itself. */
const OTHERWISE = ['failed', 'cancelled'] as const satisfies Dependency['or'];

const WRITE =
  "write export const dependsOn = ['0001_a'], or [{ name: '0001_a', or: ['failed', 'cancelled'] }]";

/**
 * Reads a job's exported `dependsOn`; empty when there is none.
 * @throws UsageError when it is not a list of names, or of names with statuses
 */
export function readDependsOn(exported: unknown): readonly Dependency[] {
  if (exported === undefined) return [];
  if (!Array.isArray(exported) || exported.length > AT_MOST) {
    throw new UsageError(`dependsOn: is not a list of at most ${AT_MOST} names; ${WRITE}`);
  }
  // Not exported.map(): it would leave out the holes of a list.
  return Array.from(exported, readOne);
}

function readOne(entry: unknown, index: number): Dependency {
  const where = `dependsOn[${index}]`;
  if (typeof entry === 'string') return { name: readName(entry, where), or: [] };
  if (typeof entry !== 'object' || entry === null) {
    throw new UsageError(`${where}: is not a migration's name; ${WRITE}`);
  }
  const { name, or, ...more } = entry as Record<string, unknown>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) {
    throw new UsageError(`${where}.${unknown}: there is no such option; ${WRITE}`);
  }
  return { name: readName(name, where), or: readStatuses(or, `${where}.or`) };
}

function readName(name: unknown, where: string): string {
  if (typeof name === 'string' && isName(name)) return name;
  throw new UsageError(`${where}: is not a migration's name; ${WRITE}`);
}

function readStatuses(or: unknown, where: string): Dependency['or'] {
  if (or === undefined) return [];
  const known: readonly unknown[] = OTHERWISE;
  if (Array.isArray(or) && [...or].every((status) => known.includes(status))) return or;
  throw new UsageError(`${where}: is not a list of ${OTHERWISE.join(' and ')}; ${WRITE}`);
}
