import { targetOf } from '../../settings/migrationName';
import type { Attempt } from '../context/attempt';
import { createBatches } from '../context/batches';
import type { JobContext } from '../context/index';
import type { Tally } from '../context/walk/tally';
import type { Checkpoint } from './checkpoint';
import type { Mapping } from './map/mapping';
import type { Sessions } from './session';

/** Creates the argument of run(). */
export function createContext(
  attempt: Attempt,
  { db, sql }: Pick<Sessions, 'db' | 'sql'>,
  checkpoint: Checkpoint,
  walks: Tally,
  mapping: Mapping,
  input: unknown,
): JobContext {
  return {
    name: attempt.migration,
    attempt: attempt.number,
    target: targetOf(attempt.migration),
    input,
    db,
    sql,
    signal: attempt.signal,
    log: attempt.log,
    checkpoint: () => checkpoint.read(),
    saveCheckpoint: (value, tx) => checkpoint.save(value, tx),
    progress: (done, total) =>
      attempt.report({
        done: number(done),
        ...(total === undefined ? {} : { total: total === null ? null : number(total) }),
      }),
    map: (rows, module, options) => mapping.map(rows, module, options),
    ...createBatches(attempt, walks),
  };
}

/** A job without types may report anything. NaN marks it as unusable. */
const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
