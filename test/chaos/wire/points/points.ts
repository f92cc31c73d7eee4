import { JOB_SCHEMA, SCHEMA } from '../../../../drizzle/ourSchema';
import { ATTEMPT_RULES } from './attemptRules';
import { type Rule, SESSION_RULES, type Session } from './rules';
import { WORKER_RULES } from './workerRules';

export type { Session } from './rules';

/** By the application name. Sessions of an attempt end with its ID, see drizzle/rows/namedSessions.ts. */
export function sessionOf(applicationName: string): Session {
  if (/^lrm:.*:\d+$/.test(applicationName)) return 'attempt';
  return applicationName === 'lrm worker' ? 'worker' : 'other';
}

const RULES: Readonly<Record<Session, readonly Rule[]>> = {
  worker: [...SESSION_RULES, ...WORKER_RULES],
  attempt: [...SESSION_RULES, ...ATTEMPT_RULES],
  other: [],
};

/**
 * The name of a statement other than BEGIN, COMMIT and ROLLBACK.
 * @param transaction what its transaction is for: the part before the colon of an earlier name
 */
export function nameOf(
  text: string,
  session: Session,
  transaction: string | undefined,
): string | undefined {
  const found = RULES[session].find((each) => each.text.test(normal(text)));
  if (found) return found.name;
  // The author's own statement, in a transaction of ours.
  return transaction && BODIES.includes(transaction) ? `${transaction}: body` : undefined;
}

const BODIES = ['batch', 'step'];

/** Longer texts hold values, and say what they are at their begin and end. Characters. */
const LONGEST = 4_000;

/** One line, our schema as `lrm.`, no quotation marks. */
function normal(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)} ${text.slice(-LONGEST)}` : text;
  return short
    .replaceAll(`"${SCHEMA}".`, 'lrm.')
    .replaceAll(`"${JOB_SCHEMA}".`, 'lrm.')
    .replaceAll('"', '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** COMMITs that a worker or an attempt sends, by what they end. */
const COMMITS = [
  ...['start', 'claim', 'outcome', 'batch', 'fold', 'walk', 'open', 'look-up', 'cursor', 'skip'],
  ...['step', 'ddl', 'checkpoint', 'confirm'],
].map((each) => `${each}: commit`);

/** BEGIN is sent before it is known what for. */
const BEGINS = ['worker: begin', 'attempt: begin'];

const names = (rules: readonly Rule[], rare: boolean) =>
  rules.filter((each) => (each.rare !== undefined) === rare).map(({ name }) => name);

const ALL = [...SESSION_RULES, ...WORKER_RULES, ...ATTEMPT_RULES];

/** Statements that pass whenever migrations of all kinds run. */
export const POINTS: readonly string[] = [
  ...new Set([
    ...names(ALL, false),
    ...BEGINS,
    ...COMMITS,
    ...BODIES.map((each) => `${each}: body`),
  ]),
];

/** Statements that pass only now and then: after an error, or when somebody has asked for it. */
export const RARE_POINTS: readonly string[] = [...new Set([...names(ALL, true), 'rollback'])];
