import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { WrongUse } from '../../drizzle/wrongUse';
import type { JobContext } from '../context/index';
import { duration } from './duration';
import type { JobFacts } from './messages';

/** A job file, loaded. */
export interface LoadedJob extends JobFacts {
  readonly run: (job: JobContext) => unknown;
}

/**
 * Loads a job file; only ever in a thread, since its top level may do anything.
 * @throws WrongUse when it has no run() or says impossible things of itself; else what it threw.
 */
export async function loadJob(file: string): Promise<LoadedJob> {
  const exported = await load(file);
  const run = exported['run'];
  if (typeof run !== 'function') {
    throw new WrongUse(
      `no function 'run' is exported; write: export async function run(job) { … }`,
    );
  }
  return {
    run: run as LoadedJob['run'],
    options: check('options', options, exported['options']),
    dependsOn: check('dependsOn', dependsOn, exported['dependsOn']),
  };
}

async function load(file: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(file).href;
  const module: Record<string, unknown> =
    path.extname(file) === '.ts' ? await loadTypeScript(url) : await import(url);
  const standard = module['default'];
  // What a CommonJS file exports in a way that Node doesn't foresee is found under `default`.
  return typeof standard === 'object' && standard !== null ? { ...standard, ...module } : module;
}

async function loadTypeScript(url: string): Promise<Record<string, unknown>> {
  const { tsImport } = await import('tsx/esm/api').catch(() => {
    throw new WrongUse(
      'a .ts job needs the package tsx (npm ci installs it); deploy compiled jobs',
    );
  });
  return tsImport(url, pathToFileURL(__filename).href);
}

const time = z.string().refine((text) => duration(text) !== undefined, {
  error: "is no duration; write '30 seconds'",
});
const positive = z.int().min(1).max(1_000_000);

const options = z
  .strictObject({
    startToCloseTimeout: time.optional(),
    heartbeatTimeout: time.optional(),
    stopGrace: time.optional(),
    memoryLimitMb: positive.optional(),
    maxFailures: positive.optional(),
  })
  .default({});

const dependsOn = z.array(z.string()).default([]);

function check<T extends z.ZodType>(name: string, schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    [[name, ...issue.path].join('.'), issue.message].join(': '),
  );
  throw new WrongUse(problems.join('; '));
}
