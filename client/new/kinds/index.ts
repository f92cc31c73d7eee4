import { batches } from './batches';
import { each } from './each';
import type { Kind } from './kind';
import { rows } from './rows';
import { sql } from './sql';
import { steps } from './steps';

/** By the names that `lrm new --kind` takes. */
export const KINDS = { batches, rows, each, steps, sql } as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

export const isKind = (name: string): name is KindName => Object.hasOwn(KINDS, name);

/** The kinds with what they are for, one in a line. */
export const kindLines = (): string[] =>
  KIND_NAMES.map((name) => `${name.padEnd(8)} ${KINDS[name].about}`);
