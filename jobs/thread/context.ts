import { targetOf } from '../../settings/migrationName';
import type { Attempt } from '../context/attempt';
import { createBatches } from '../context/batches';
import type { BatchTimes } from '../context/batchTimes';
import type { Places } from '../context/elsewhere';
import { type JobContext, JobUsageError } from '../context/index';
import type { Tally } from '../context/walk/tally';
import type { Checkpoint } from './checkpoint';
import type { Mapping } from './map/mapping';
import type { Sessions } from './session';

/** Creates the argument of run(). */
export function createContext(
  attempt: Attempt,
  sessions: Pick<Sessions, 'db' | 'sql' | 'others'>,
  checkpoint: Checkpoint,
  walks: Tally,
  mapping: Mapping,
  input: unknown,
  places: Places,
  times?: BatchTimes,
): JobContext {
  const { db, sql, others } = sessions;
  return {
    name: attempt.migration,
    attempt: attempt.number,
    target: targetOf(attempt.migration),
    input,
    db,
    sql,
    database: (name) => others.sessionsIn(name),
    signal: attempt.signal,
    log: attempt.log,
    checkpoint: () => checkpoint.read(),
    saveCheckpoint: async (value, tx) => {
      const other = tx && others.nameOf(tx);
      if (other !== undefined) {
        throw new JobUsageError(
          `saveCheckpoint: the checkpoint is in the main database, and tx is in '${other}': give a tx of job.db, or none`,
        );
      }
      return checkpoint.save(value, tx);
    },
    progress: (done, total) =>
      attempt.report({
        done: number(done),
        ...(total === undefined ? {} : { total: total === null ? null : number(total) }),
      }),
    map: (rows, module, options) => mapping.map(rows, module, options),
    ...createBatches(attempt, walks, places, times),
  };
}

/** A job without types may report anything. NaN marks it as unusable. */
const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
