// The one place that knows how a migration's name is made. It imports nothing: workflow code runs in
// a sandbox without Node, and a deploy gate loads neither Drizzle nor Temporal.

/** The file's part: '0001_backfill_email'. */
const JOB = '[0-9]{4}_[a-z0-9_]+';
/** One of many things that one file is run for: 'tenant_7'. No leading dot: it is not a path. */
const TARGET = '[A-Za-z0-9_-][A-Za-z0-9_.-]*';

/**
 * What a migration's name looks like: '0001_backfill_email', or with a target,
 * '0001_backfill_email:tenant_7'. A regular expression of Postgres and of JavaScript.
 */
export const NAME = `^${JOB}(:${TARGET})?$`;
/** Width of the name's column. Characters. */
export const NAME_AT_MOST = 255;

const NAME_PARTS = new RegExp(`^(${JOB})(?::(${TARGET}))?$`);
const TARGET_ALONE = new RegExp(`^${TARGET}$`);

/** The parts of a migration's name. */
export interface NameParts {
  /** The file's name without its ending, '0001_backfill_email'. */
  readonly job: string;
  /** Undefined: the file is run once, for nothing in particular. */
  readonly target: string | undefined;
}

/** Takes a migration's name apart; undefined when it is none. */
export function parseName(name: string): NameParts | undefined {
  if (name.length > NAME_AT_MOST) return undefined;
  const [, job, target] = NAME_PARTS.exec(name) ?? [];
  return job === undefined ? undefined : { job, target };
}

/** The name of a job's file for one target, or of the file alone. */
export const nameOf = (job: string, target: string | undefined): string =>
  target === undefined ? job : `${job}:${target}`;

/** Whether this is a valid name of a migration, with or without a target. */
export const isName = (name: string): boolean => parseName(name) !== undefined;

/** Whether this is a valid name of a job's file. */
export function isJobName(name: string): boolean {
  const parts = parseName(name);
  return parts !== undefined && parts.target === undefined;
}

/** What a sentence about a wrong target ends with: '… has letters, digits …'. */
export const TARGET_RULE = "letters, digits, '_', '.' and '-' only, and doesn't begin with a '.'";

/** Whether this can be a target, whatever the job. */
export const isTarget = (target: string): boolean => TARGET_ALONE.test(target);

/** The file's part of a registered name. */
export const jobOf = (name: string): string => parseName(name)?.job ?? name;

/** The target of a registered name; undefined when it has none. */
export const targetOf = (name: string): string | undefined => parseName(name)?.target;
