import type { JobContext } from './index';
import { JobUsageError } from './jobUsageError';

/**
 * The argument of a job's `verify()`: what looks, without what does or stores anything. Its sessions
 * are those of the attempt, and `signal` is aborted when the attempt has to stop.
 */
export type VerifyContext<Input = unknown> = Pick<
  JobContext<Input>,
  | 'name'
  | 'target'
  | 'input'
  | 'attempt'
  | 'db'
  | 'sql'
  | 'database'
  | 'signal'
  | 'log'
  | 'checkpoint'
  | 'map'
>;

/**
 * The argument of a job's `ready()`. Its database sessions are read-only, belong to this call alone
 * and end with it.
 */
export type ReadyContext<Input = unknown> = Pick<
  JobContext<Input>,
  'name' | 'target' | 'input' | 'db' | 'sql' | 'log'
>;

/** A function of a job that only looks. */
type Looking = 'verify' | 'ready';

/** Who gets which member of a job's context. A new member has to be decided on here. */
const MEMBERS: Readonly<Record<keyof JobContext, readonly Looking[]>> = {
  name: ['verify', 'ready'],
  target: ['verify', 'ready'],
  input: ['verify', 'ready'],
  db: ['verify', 'ready'],
  sql: ['verify', 'ready'],
  log: ['verify', 'ready'],
  attempt: ['verify'],
  database: ['verify'],
  signal: ['verify'],
  checkpoint: ['verify'],
  map: ['verify'],
  // What they store would count: a walk that verify() had completed would be skipped after
  // `lrm retry`, and verify() would pass without it.
  saveCheckpoint: [],
  inBatches: [],
  forEach: [],
  updateRows: [],
  step: [],
  createIndexConcurrently: [],
  validateConstraint: [],
  progress: [],
};

/** The context of a function that only looks. What it may not use throws, and says where it belongs. */
export function contextFor(looking: 'verify', given: VerifyContext): VerifyContext;
export function contextFor(looking: 'ready', given: ReadyContext): ReadyContext;
export function contextFor(looking: Looking, given: Partial<JobContext>): Partial<JobContext> {
  const entries = Object.entries(MEMBERS).map(([member, allowed]) => [
    member,
    allowed.includes(looking) ? given[member as keyof JobContext] : refuse(looking, member),
  ]);
  return Object.fromEntries(entries);
}

const refuse = (looking: Looking, member: string) => () => {
  throw new JobUsageError(
    `job.${member} can't be used in ${looking}(), which only looks: do the work in run()`,
  );
};
