import { sql } from 'drizzle-orm';
import { type Attempt, fencedTransaction, type Transaction } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import type { Nesting } from '../nesting';
import { backOff, TRIES_AT_MOST } from '../walk/backOff';
import type { Tally } from '../walk/tally';
import { troubleOf } from '../walk/trouble';
import type { Doing } from './doing';
import { fromText, toText } from './result';
import { beginStep, completeStep, currentTransaction, type StoredStep } from './store';

/** A step's code. It gets a transaction with `{ transaction: true }` alone. */
export type StepBody = (tx: Transaction) => unknown;

/** Options of `job.step`. */
export interface StepOptions {
  /** True: the body and the note that it is done are one transaction. */
  readonly transaction: true;
}

/** What steps need of their attempt. */
export interface StepParts {
  readonly attempt: Attempt;
  readonly tally: Tally;
  readonly nesting: Nesting;
  readonly doing: Doing;
}

/**
 * For what a transaction waits for, the application may have to wait behind it. Longer than
 * Postgres's default deadlock_timeout of one second, after which autovacuum gives way.
 */
export const LOCK_TIMEOUT = '2s';

/** Does a step once; see JobContext.step. */
export async function runStep(
  parts: StepParts,
  name: string,
  options: StepOptions | undefined,
  body: StepBody,
): Promise<unknown> {
  const { attempt, tally, doing } = parts;
  const step = await beginStep(attempt, name);
  if (step.completedAt) {
    tally.skipped(name, step.rows);
    return fromText(step.result);
  }
  const result = await doing.during(name, () =>
    options?.transaction ? inOneTransaction(parts, step, body) : atLeastOnce(parts, step, body),
  );
  attempt.progressed();
  // As later attempts will get it: a Date is a text from the first time on.
  return fromText(result);
}

async function atLeastOnce(
  { attempt, tally, nesting }: StepParts,
  step: StoredStep,
  body: StepBody,
): Promise<string | null> {
  const { name } = step;
  // The types of job.step keep a body without { transaction: true } from naming a parameter.
  const value = await nesting.inStep('step', name, body as () => unknown);
  // It may have ended early because of that.
  attempt.signal.throwIfAborted();
  tally.requireComplete(`step '${name}'`, name);
  const result = toText(name, value);
  await fencedTransaction(attempt, (tx) => completeStep(tx, attempt, step, result));
  return result;
}

/** A deadlock or a lock timeout has rolled back all of it, so it is tried again. */
async function inOneTransaction(
  { attempt, nesting }: StepParts,
  step: StoredStep,
  body: StepBody,
): Promise<string | null> {
  for (let failures = 1; ; failures++) {
    try {
      return await fencedTransaction(attempt, async (tx) => {
        await tx.execute(sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`);
        const transactionId = await currentTransaction(tx);
        const value = await nesting.inStep('transaction', step.name, () => body(tx));
        const result = toText(step.name, value);
        await completeStep(tx, attempt, step, result, transactionId);
        return result;
      });
    } catch (error) {
      attempt.signal.throwIfAborted();
      if (!troubleOf(error) || failures >= TRIES_AT_MOST) throw error;
    }
    await backOff(failures, attempt.signal);
  }
}

/** A longer one would not fit on an operator's screen. Characters. */
const NAME_AT_MOST = 100;

/** @throws JobUsageError when the arguments of `job.step` make no sense */
export function readStep(name: string, options: unknown, body: unknown): void {
  if (typeof name !== 'string' || !/^\P{Cc}+$/u.test(name) || name.length > NAME_AT_MOST) {
    throw new JobUsageError(
      `a step needs a name: one line of at most ${NAME_AT_MOST} characters, as in ` +
        "job.step('swap columns', async () => { … })",
    );
  }
  if (typeof body !== 'function') {
    throw new JobUsageError(
      `step '${name}' needs a function as its last argument: job.step('${name}', async () => { … })`,
    );
  }
  if (options !== undefined && !isOptions(options)) {
    throw new JobUsageError(
      `the options of step '${name}' are not { transaction: true }; a step has no other options`,
    );
  }
}

function isOptions(options: unknown): options is StepOptions {
  if (typeof options !== 'object' || options === null) return false;
  const [key, ...more] = Object.keys(options);
  return (
    more.length === 0 && key === 'transaction' && (options as StepOptions).transaction === true
  );
}
