import { errorText } from '../../../activities/attempt/errorText';
import { decide } from '../../../activities/attempt/retryOrFail';
import { describeError } from '../../../jobs/process/describeError';
import { beginAttempt } from '../../jobs/context/attempts';
import type { TestDatabase } from '../../support/database';
import type { TestRole } from '../../support/roles';
import { walk } from './walks';
import { Dba, type World } from './world';

/** As many as a migration may fail in a row without progress (`LRM_MAX_FAILURES`). */
const FAILURES_AT_MOST = 3;

export interface Outcome {
  readonly completed: boolean;
  /** The errors that attempts ended with, as an operator sees them. */
  readonly errors: readonly string[];
  /** Whether a change may have been made after the last batch: it then finds all rows done. */
  readonly changedLater: boolean;
}

/**
 * Makes attempts as a worker does, until one completes. One that fails for good is made again once
 * the next change is made: by then an operator has typed `lrm retry`.
 */
export async function attemptAll(
  database: TestDatabase,
  role: TestRole,
  world: World,
): Promise<Outcome> {
  const dba = new Dba(database, role);
  const left = [...world.changes];
  const errors: string[] = [];
  let batches = 0;
  let idle = true;
  try {
    for (let failures = 0; failures < FAILURES_AT_MOST || left.length > 0; ) {
      const attempt = await beginAttempt({ databaseUrl: role.url, sql: database.sql });
      const stop = new Error('fuzz: asked to stop');
      const passed = () => {
        batches += 1;
        for (const [at, planned] of [...left.entries()].reverse()) {
          if (planned.batch > batches) continue;
          if (planned.when === 'between attempts') attempt.stop(stop);
          else void dba.make(left.splice(at, 1)[0]?.name ?? 'analyze');
        }
        idle = dba.isIdle;
      };
      const before = batches;
      try {
        await walk(world, attempt, passed);
        return { completed: true, errors, changedLater: !idle };
      } catch (error) {
        if (error !== stop) {
          const description = describeError(error);
          errors.push(errorText('run', description));
          failures = batches > before ? 1 : failures + 1;
          if (decide('run', description) === 'fail' && left.length === 0) break;
        }
      } finally {
        await attempt.end();
      }
      const next = left.findIndex(
        ({ when, batch }) => when === 'between attempts' && batch <= batches,
      );
      const planned = left.splice(next < 0 ? 0 : next, 1)[0];
      if (planned) await dba.make(planned.name);
    }
    return { completed: false, errors, changedLater: true };
  } finally {
    await dba.end();
  }
}
