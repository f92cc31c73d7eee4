import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { duration } from './duration';
import { projectFolder } from './projectFolder';
import { UsageError } from './usageError';

/** Workflow ID of the run: there is never a second one beside it. */
export const WORKFLOW_ID = 'long-running-migrations';
/** Task queue that the workers poll. */
export const TASK_QUEUE = 'long-running-migrations';
/** ID of the Schedule that starts runs. */
export const SCHEDULE_ID = 'long-running-migrations';

/** All settings of the project, durations in milliseconds. Meanings and defaults: {@link schema}. */
export type Settings = Readonly<z.output<typeof schema>> & {
  /** Where Postgres is. */
  readonly databaseUrl: string;
  /** Temporal's address, namespace, TLS and API key, as the Temporal CLI would find them. */
  readonly temporal: ClientConnectConfig;
};

/** What `npm start` is running now; written to {@link localEndpointsFile}. */
export interface LocalEndpoints {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly webUi: string | null;
}

/** Where `npm start` says what it runs, so that `lrm` in another terminal finds it. */
export const localEndpointsFile = path.join(projectFolder, '.lrm', 'endpoints.json');

const time = (standard: string) =>
  z
    .string()
    .default(standard)
    .transform((text, context) => {
      const value = duration(text);
      if (value !== undefined) return value;
      context.addIssue({
        code: 'custom',
        message: `'${text}' is no duration from 1 ms to 24 days; write '30 seconds'`,
      });
      return z.NEVER;
    });

const count = (standard: number) =>
  z
    .string()
    .default(String(standard))
    .refine((text) => /^[1-9][0-9]{0,5}$/.test(text), {
      error: (issue) => `'${issue.input}' is no whole number from 1 to 999999`,
    })
    .transform(Number);

const schema = z.object({
  /** Folder of the jobs; default: the project's own, compiled where we are compiled. */
  LRM_JOBS_DIR: z
    .string()
    .default(path.resolve(__dirname, '../jobs'))
    .transform((folder) => path.resolve(folder))
    .refine((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory(), {
      error: (issue) => `'${issue.input}' is no folder`,
    }),
  /** How often the Schedule looks for pending migrations. Short enough for a deploy to be picked up over a coffee. */
  LRM_INTERVAL: time('15 minutes'),
  /** An attempt's time limit, so that a hung one is noticed within the hour. */
  LRM_START_TO_CLOSE: time('1 hour'),
  /** A worker silent for this long is taken for dead: short, since a takeover waits for it. */
  LRM_HEARTBEAT_TIMEOUT: time('30 seconds'),
  /** What run() gets after it was asked to stop, before its process is ended. */
  LRM_STOP_GRACE: time('10 seconds'),
  /** Migrations at a time: one, since two that touch one table would slow each other down. */
  LRM_MAX_CONCURRENT: count(1),
  /** Wait before the first retry. */
  LRM_RETRY_INITIAL_INTERVAL: time('1 second'),
  /** Each further failure doubles the wait, up to this. */
  LRM_RETRY_MAXIMUM_INTERVAL: time('5 minutes'),
  /** Failures of unknown kind in a row, without progress, before the migration counts as failed. */
  LRM_MAX_FAILURES: count(5),
  /** Heap of an attempt's thread, in MiB; Buffers are not counted. */
  LRM_MEMORY_LIMIT_MB: count(512),
  /** How long a worker waits at its start for Postgres and Temporal before it gives up. */
  LRM_WAIT: time('1 minute'),
  LRM_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], {
      error: (issue) => `'${issue.input}' is none of debug, info, warn, error`,
    })
    .default('info'),
  /** `full`: whole messages of errors in the log, which may then hold rows' values; never elsewhere. */
  LRM_ERROR_DETAIL: z
    .enum(['safe', 'full'], { error: (issue) => `'${issue.input}' is none of safe, full` })
    .default('safe'),
});

/**
 * Reads the settings from the environment; what it doesn't name comes from a running `npm start`.
 * @throws UsageError naming every setting that doesn't parse, all at once.
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const local = localEndpoints();
  const problems: string[] = [];
  // An empty variable is what a compose file or a CI leaves of an unset one.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    problems.push(`${issue.path.join('.')}: ${issue.message}`);
  }
  const databaseUrl = given['DATABASE_URL'] ?? local?.databaseUrl;
  problems.push(...databaseUrlProblems(databaseUrl));
  const temporal = temporalConfig(given, local, problems);
  if (parsed.data) problems.push(...impossible(parsed.data));
  if (problems.length > 0 || !parsed.data || !databaseUrl || !temporal) {
    throw new UsageError(`wrong settings: ${problems.join('; ')}`);
  }
  return { ...parsed.data, databaseUrl, temporal };
}

/** What a running `npm start` offers, or undefined. */
export function localEndpoints(): LocalEndpoints | undefined {
  if (!existsSync(localEndpointsFile)) return undefined;
  try {
    return JSON.parse(readFileSync(localEndpointsFile, 'utf8')) as LocalEndpoints;
  } catch {
    // Half-written: its `npm start` is just starting or was killed. As good as none.
    return undefined;
  }
}

function databaseUrlProblems(url: string | undefined): string[] {
  if (!url) {
    return [
      'DATABASE_URL: not set, and npm start is not running: start that, or write postgres://user:password@host:5432/database',
    ];
  }
  // Never quote the value: it holds a password. Several hosts are allowed, so it need not be a URL to Node.
  return /^postgres(ql)?:\/\/\S+$/.test(url)
    ? []
    : ['DATABASE_URL: no Postgres URL; write postgres://user:password@host:5432/database'];
}

function temporalConfig(
  env: NodeJS.ProcessEnv,
  local: LocalEndpoints | undefined,
  problems: string[],
): ClientConnectConfig | undefined {
  try {
    const found = loadClientConnectConfig({ overrideEnvVars: definedOnly(env) });
    const { address } = found.connectionOptions;
    if (address && !URL.canParse(`http://${address}`)) {
      problems.push(`TEMPORAL_ADDRESS: '${address}' is no address; write host:7233`);
    }
    if (local && !found.connectionOptions.address) {
      return {
        ...found,
        connectionOptions: { ...found.connectionOptions, address: local.temporalAddress },
      };
    }
    return found;
  } catch (error) {
    problems.push(`TEMPORAL_* or temporal.toml: ${temporalProblem(error)}`);
    return undefined;
  }
}

function temporalProblem(error: unknown): string {
  // What the library runs into when the file holds no profile at all.
  if (error instanceof TypeError) return 'the file has no profile; write [profile.default]';
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unreadable';
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Settings that parse but can't work together. */
function impossible(settings: z.output<typeof schema>): string[] {
  const problems = [];
  if (settings.LRM_START_TO_CLOSE < MINIMUM_START_TO_CLOSE) {
    problems.push('LRM_START_TO_CLOSE: an attempt needs 4 seconds at least to be stopped in time');
  }
  if (settings.LRM_HEARTBEAT_TIMEOUT < MINIMUM_HEARTBEAT_TIMEOUT) {
    problems.push('LRM_HEARTBEAT_TIMEOUT: 1 second at least, or a busy worker is taken for dead');
  }
  if (settings.LRM_RETRY_MAXIMUM_INTERVAL < settings.LRM_RETRY_INITIAL_INTERVAL) {
    problems.push('LRM_RETRY_MAXIMUM_INTERVAL: smaller than LRM_RETRY_INITIAL_INTERVAL');
  }
  return problems;
}

/** 2 s are kept for ending sessions; with a quarter of grace, 4 s leave run() a second. */
export const MINIMUM_START_TO_CLOSE = 4_000;
/** Heartbeats go out at a third of it. */
export const MINIMUM_HEARTBEAT_TIMEOUT = 1_000;
