import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { applicationFolder } from './applicationFolder';
import {
  type DatabaseUrls,
  isDatabaseSetting,
  readDatabases,
  readUrl,
  URL_SHAPE,
} from './databases';
import { duration } from './duration';
import { jobsFolderProblem } from './jobsFolder';
import { addressProblem, type MetricsTarget, readMetricsTarget } from './metrics';
import { packageManager, startCommand } from './packageManager';
import { PAYLOAD_KEY, type PayloadKeys, payloadKeysOf } from './payloadKeys';
import { built, projectFolder } from './projectFolder';
import { DEFAULT_SCHEMA, schemaProblem } from './schemaName';
import { jobEnvProblem } from './secrets';
import { temporalConfig } from './temporal';
import { UsageError } from './usageError';

/** Workflow ID of the run. It is always the same, so there is only one run at a time. */
export const WORKFLOW_ID = 'long-running-migrations';
/** Task queue that the workers poll. */
export const TASK_QUEUE = 'long-running-migrations';
/** ID of the Schedule that starts runs. */
export const SCHEDULE_ID = 'long-running-migrations';

/** All settings; durations are in milliseconds. See {@link schema} for meanings and defaults. */
export type Settings = Readonly<z.output<typeof schema>> & {
  readonly databaseUrl: string;
  /** `PGPASSWORD`, for URLs without a password. Job processes don't find it in their environment. */
  readonly password: string | undefined;
  /** `LRM_DATABASE_<NAME>_URL`: further databases, for jobs that work in them. */
  readonly databases: DatabaseUrls;
  /** Temporal's address, namespace, TLS and API key, found as the Temporal CLI finds them. */
  readonly temporal: ClientConnectConfig;
  /** `LRM_PAYLOAD_KEY`: keys for what reaches Temporal. */
  readonly payloadKeys: PayloadKeys;
  /** Where metrics go. Undefined: nowhere. */
  readonly metrics: MetricsTarget | undefined;
};

/** The servers of a running `npm start` or `lrm dev`, as written to {@link localEndpointsFile}. */
export interface LocalEndpoints {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly webUi: string | null;
}

/** `npm start` writes its servers here, so that `lrm` in another terminal finds them. */
export const localEndpointsFile = path.join(applicationFolder(), '.lrm', 'endpoints.json');

const time = (standard: string) =>
  z
    .string()
    .default(standard)
    .transform((text, context) => {
      const value = duration(text);
      if (value !== undefined) return value;
      context.addIssue({
        code: 'custom',
        message: `'${text}' is not a duration from 1 ms to 24 days; write '30 seconds'`,
      });
      return z.NEVER;
    });

const count = (standard: number) =>
  z
    .string()
    .default(String(standard))
    .refine((text) => /^[1-9][0-9]{0,5}$/.test(text), {
      error: (issue) => `'${issue.input}' is not a whole number from 1 to 999999`,
    })
    .transform(Number);

/** A name that Temporal accepts, and that needs no quotes in a shell. */
const plainName = (pattern: RegExp, rule: string) =>
  z
    .string()
    .refine((text) => pattern.test(text), { error: (issue) => `'${issue.input}' is not ${rule}` })
    .optional();

/** In a checkout of this project, its samples; never for an application that uses the package. */
const ownJobs = (): string | undefined =>
  applicationFolder() === projectFolder ? built('jobs') : undefined;

const schema = z.object({
  /** Postgres schema of our tables. drizzle/schema.ts needs it earlier, and reads it itself. */
  LRM_SCHEMA: z
    .string()
    .default(DEFAULT_SCHEMA)
    .superRefine((name, context) => {
      const message = schemaProblem(name);
      if (message) context.addIssue({ code: 'custom', message });
    }),
  /** Folder of the application's jobs. */
  LRM_JOBS_DIR: z
    .string()
    .optional()
    .transform((text, context) => {
      const given = text ?? ownJobs();
      const folder = given && path.resolve(given);
      const message = folder
        ? jobsFolderProblem(folder)
        : `not set; type ${packageManager().exec} lrm init, or set it to the folder of your jobs`;
      if (folder && message === undefined) return folder;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }),
  /** How often the Schedule looks for pending migrations, which start this late at most. */
  LRM_INTERVAL: time('15 minutes'),
  /** Time limit of an attempt. With one hour, a hung attempt is noticed within the hour. */
  LRM_START_TO_CLOSE: time('1 hour'),
  /** A worker silent for this long counts as dead. Short, because a takeover waits for it. */
  LRM_HEARTBEAT_TIMEOUT: time('30 seconds'),
  /** Time that run() has to stop after it was asked to. Then its process is killed. */
  LRM_STOP_GRACE: time('10 seconds'),
  /** Migrations that run at the same time. Two on one table would slow each other down. */
  LRM_MAX_CONCURRENT: count(1),
  /** Wait before the first retry. */
  LRM_RETRY_INITIAL_INTERVAL: time('1 second'),
  /** Each further failure doubles the wait, up to this limit. */
  LRM_RETRY_MAXIMUM_INTERVAL: time('5 minutes'),
  /** The migration fails after this many failures of unknown kind in a row without progress. */
  LRM_MAX_FAILURES: count(5),
  /** Heap of an attempt's thread, in MiB. Buffers do not count. */
  LRM_MEMORY_LIMIT_MB: count(512),
  /** How long a starting worker waits for Postgres and Temporal before it gives up. */
  LRM_WAIT: time('1 minute'),
  /** For jobs with a role of their own, which has no rights on our tables. See docs/security.md. */
  LRM_JOB_DATABASE_URL: z.string().optional(),
  /**
   * Variables that jobs see although they hold secrets: names with commas. settings/secrets.ts reads
   * it from the environment itself.
   */
  LRM_JOB_ENV: z
    .string()
    .default('')
    .superRefine((names, context) => {
      const message = jobEnvProblem(names);
      if (message) context.addIssue({ code: 'custom', message });
    }),
  /** Port of /livez and /readyz. Unset: none, since a port is open to whoever reaches the machine. */
  LRM_HEALTH_PORT: z
    .string()
    .refine((text) => /^[1-9][0-9]{0,4}$/.test(text) && Number(text) < 65_536, {
      error: (issue) => `'${issue.input}' is not a port from 1 to 65535`,
    })
    .transform(Number)
    .optional(),
  /** Worker Deployment in Temporal that the workers belong to. Unset: workers have no version. */
  LRM_DEPLOYMENT: plainName(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/,
    "a name of at most 100 letters, digits, '_' and '-'",
  ),
  /** Version of this build in its deployment. Unset: made from what is deployed, see jobs/buildId.ts. */
  LRM_BUILD_ID: plainName(
    /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$/,
    "a build ID of at most 200 letters, digits and '._:/@+-'",
  ),
  /** Where Prometheus reads the worker's metrics: '0.0.0.0:9464'. Not set: nowhere. */
  LRM_METRICS_ADDRESS: z
    .string()
    .optional()
    .superRefine((address, context) => {
      const message = address === undefined ? undefined : addressProblem(address);
      if (message) context.addIssue({ code: 'custom', message });
    }),
  LRM_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], {
      error: (issue) => `'${issue.input}' is not one of debug, info, warn, error`,
    })
    .default('info'),
  /** Unset: `pretty` on a terminal, else `json`. */
  LRM_LOG_FORMAT: z
    .enum(['json', 'pretty'], { error: (issue) => `'${issue.input}' is not one of json, pretty` })
    .optional(),
  /** `on`: attempts and batches are spans, sent as OpenTelemetry's own OTEL_ variables say. */
  LRM_TRACES: z
    .enum(['on', 'off'], { error: (issue) => `'${issue.input}' is not one of on, off` })
    .default('off'),
  /** `full`: only the log shows whole error messages, which may hold values of rows. */
  LRM_ERROR_DETAIL: z
    .enum(['safe', 'full'], { error: (issue) => `'${issue.input}' is not one of safe, full` })
    .default('safe'),
});

/**
 * What is wrong with the names of settings that stand in code, where a misspelt one is surely an
 * error; undefined when nothing is. (The environment may hold LRM_ variables of other programs.)
 */
export function unknownSettings(names: readonly string[]): string | undefined {
  const known = [...Object.keys(schema.shape), 'LRM_TEMPORAL_CLI', PAYLOAD_KEY, 'LRM_CODEC_TOKEN'];
  const unknown = names.filter((name) => !known.includes(name) && !isDatabaseSetting(name));
  if (unknown.length === 0) return undefined;
  return unknown
    .map((name) => `${name} is not a setting; did you mean ${closest(name, known)}?`)
    .join('; ');
}

/** @throws UsageError when code names a setting that does not exist */
export function requireKnown(settings: Readonly<Record<string, unknown>>): void {
  const misspelt = unknownSettings(Object.keys(settings));
  if (misspelt) throw new UsageError(`settings: ${misspelt}`);
}

/**
 * Reads the settings from the environment. Addresses that it lacks come from a running `npm start`.
 * @throws UsageError with all problems at once, so that they can be fixed together
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const local = localEndpoints();
  const problems: string[] = [];
  // Compose files and CI systems pass unset variables as empty ones.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    problems.push(`${issue.path.join('.')}: ${issue.message}`);
  }
  const databaseUrl = mainUrl(given, local, problems);
  const jobUrl = readJobUrl(given, problems);
  const databases = readDatabases(given, problems);
  const temporal = temporalConfig(given, local?.temporalAddress, problems);
  const payloadKeys = payloadKeysOf(given, problems);
  const metrics = readMetricsTarget(parsed.data?.LRM_METRICS_ADDRESS, given);
  if (parsed.data) problems.push(...impossible(parsed.data));
  if (problems.length > 0 || !parsed.data || !databaseUrl || !temporal) {
    throw new UsageError(`wrong settings: ${problems.join('; ')}`);
  }
  const password = given['PGPASSWORD'];
  return {
    ...parsed.data,
    ...(jobUrl !== undefined && { LRM_JOB_DATABASE_URL: jobUrl }),
    databaseUrl,
    password,
    databases,
    temporal,
    payloadKeys,
    metrics,
  };
}

/** The servers of a running `npm start`, or undefined. */
export function localEndpoints(): LocalEndpoints | undefined {
  if (!existsSync(localEndpointsFile)) return undefined;
  try {
    return JSON.parse(readFileSync(localEndpointsFile, 'utf8')) as LocalEndpoints;
  } catch {
    // Half-written: that `npm start` has not finished starting, or was killed.
    return undefined;
  }
}

function mainUrl(
  env: NodeJS.ProcessEnv,
  local: LocalEndpoints | undefined,
  problems: string[],
): string | undefined {
  const url = env['DATABASE_URL'];
  if (url) return readUrl(url, 'DATABASE_URL', env, problems);
  // The embedded server needs nothing from the environment, which is about another one.
  if (local) return local.databaseUrl;
  problems.push(
    `DATABASE_URL: not set, and ${startCommand()} is not running: start it, or write ${URL_SHAPE} (postgres:// alone takes all from PGHOST and the like)`,
  );
  return undefined;
}

function readJobUrl(env: NodeJS.ProcessEnv, problems: string[]): string | undefined {
  const { LRM_JOB_DATABASE_URL: url, PGPASSWORD: _, ...others } = env;
  // The password in the environment is that of the worker's role.
  return url ? readUrl(url, 'LRM_JOB_DATABASE_URL', others, problems) : undefined;
}

/** Problems of settings that are valid one by one, but do not work together. */
function impossible(settings: z.output<typeof schema>): string[] {
  const problems = [];
  if (settings.LRM_START_TO_CLOSE < MINIMUM_START_TO_CLOSE) {
    problems.push('LRM_START_TO_CLOSE: an attempt needs at least 4 seconds to be stopped in time');
  }
  if (settings.LRM_HEARTBEAT_TIMEOUT < MINIMUM_HEARTBEAT_TIMEOUT) {
    problems.push('LRM_HEARTBEAT_TIMEOUT: at least 1 second, or a busy worker counts as dead');
  }
  if (settings.LRM_RETRY_MAXIMUM_INTERVAL < settings.LRM_RETRY_INITIAL_INTERVAL) {
    problems.push('LRM_RETRY_MAXIMUM_INTERVAL: smaller than LRM_RETRY_INITIAL_INTERVAL');
  }
  return problems;
}

/** 2 s are reserved for ending sessions and a quarter is grace, so run() gets one second of 4 s. */
export const MINIMUM_START_TO_CLOSE = 4_000;
/** Heartbeats are sent every third of the timeout. */
export const MINIMUM_HEARTBEAT_TIMEOUT = 1_000;
