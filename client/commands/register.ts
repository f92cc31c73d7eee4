import type { Command } from 'commander';
import { register } from '../../drizzle/rows/register';
import { SCHEMA } from '../../drizzle/schema';
import { fileOf, readCatalog } from '../../jobs/catalog';
import { jobOf, nameOf, targetOf } from '../../settings/migrationName';
import { UsageError } from '../../settings/usageError';
import { migrationName } from '../arguments/name';
import { meant } from '../arguments/names';
import { type Connections, withConnections } from '../connections';
import { checkInputsHere } from '../register/checkInputsHere';
import { type ParsedInput, parseInput } from '../register/parseInput';
import {
  type Files,
  registerTargets,
  startIfAsked,
  warnWithoutFile,
} from '../register/registerTargets';
import { type Done, eachMigration } from './each';
import { requestedBy } from './requestedBy';

export function addRegister(program: Command): void {
  program
    .command('register')
    .description('Registers migrations: the next run executes them.')
    .argument(
      '<names...>',
      'names of files in jobs/, their numbers, or the beginnings of their names',
    )
    .option('--input <json>', 'what the job gets as job.input')
    .option('--targets <file>', "the targets of one job, one a line; '-': standard input")
    .option('--run', 'start a run, if none is going')
    .option('--dormant', 'register them as paused: they begin after lrm resume')
    .option('--reason <text>', 'with --dormant: saved with your name and the time')
    .addHelpText(
      'after',
      `
This line in a schema migration does the same, and is the better way (a form that
also works before the first npx lrm migrate: docs/registering.md):
  INSERT INTO ${SCHEMA}.migrations (name) VALUES ('0001_sample') ON CONFLICT DO NOTHING;

With --dormant nothing runs them before npx lrm resume. In SQL:
  INSERT INTO ${SCHEMA}.migrations (name, status) VALUES ('0001_sample', 'paused') ON CONFLICT DO NOTHING;

One file can be registered for many targets, each with its own row, status and
input: 0001_sample:tenant_7. A line of --targets is a target, or a target, a tab
and its input. All of them are registered, or none.

Examples:
  npx lrm register 0001_sample
  npx lrm register 1 2 --run
  npx lrm register 0001_sample --dormant --reason 'with version 12'
  npx lrm register 0001_sample:tenant_7 --input '{"days":30}'
  psql -Atc 'select id from tenants' | npx lrm register 0001_sample --targets -`,
    )
    .action(registerCommand);
}

interface Options {
  readonly input?: string;
  readonly targets?: string;
  readonly run?: boolean;
  readonly dormant?: boolean;
  readonly reason?: string;
}

async function registerCommand(typed: string[], options: Options): Promise<void> {
  refuseContradictions(options);
  const input = options.input === undefined ? undefined : parseInput(options.input);
  if (typeof input === 'string') throw new UsageError(`--input: ${input}`);
  await withConnections(async (connections) => {
    const { files } = await readCatalog(connections.settings.LRM_JOBS_DIR);
    const names = [...new Set(typed.map((each) => registrableName(each, files)))];
    if (options.targets !== undefined) {
      const job = oneJob(names);
      return registerTargets(connections, { job, file: options.targets, input }, files, options);
    }
    await refuseInputs(names, input, files);
    await eachMigration(
      connections.db,
      names,
      (name) => registerOne(connections, name, input, files, options),
      (done) => startIfAsked(connections, done, options.run),
    );
  });
}

/** A file that only the workers have can't be found here: its name is registered as typed. */
function registrableName(typed: string, files: Files): string {
  const [job = '', target] = typed.split(/:(.*)/s);
  const found = meant(job, [...files.keys()])?.name;
  return migrationName(found === undefined ? typed : nameOf(found, target));
}

/** @throws UsageError naming the fields that don't fit; nothing is registered then */
async function refuseInputs(
  names: readonly string[],
  input: ParsedInput | undefined,
  files: Files,
): Promise<void> {
  const problems: string[] = [];
  for (const job of new Set(names.map(jobOf))) {
    const file = fileOf(files, job);
    const [problem] = file ? await checkInputsHere(job, file, [input]) : [];
    if (problem) problems.push(`${job}: ${problem}`);
  }
  if (problems.length > 0) throw new UsageError(`${problems.join('; ')}. Nothing was registered`);
}

async function registerOne(
  { db, settings }: Connections,
  name: string,
  input: ParsedInput | undefined,
  files: Files,
  { dormant, reason }: Options,
): Promise<Done> {
  const asked = dormant ? requestedBy(reason) : undefined;
  const [registered] = await register(db, [{ name, input: input?.text }], asked);
  warnWithoutFile(name, files, settings.LRM_JOBS_DIR);
  if (!registered?.isNew) {
    const hint = dormant ? `. To keep it from running: npx lrm pause ${name}` : '';
    return { line: `${name} is already registered: nothing changed${hint}`, result: 'unchanged' };
  }
  return dormant
    ? {
        line: `${name} is registered as paused; to start it: npx lrm resume ${name}`,
        result: 'dormant',
      }
    : { line: `${name} is registered`, result: 'registered' };
}

/** @throws UsageError when --targets was typed with something else */
function oneJob([job = '', ...others]: readonly string[]): string {
  if (others.length === 0 && targetOf(job) === undefined) return job;
  throw new UsageError(
    '--targets takes the name of one job without a target: npx lrm register 0001_sample --targets tenants.txt',
  );
}

function refuseContradictions({ run, dormant, reason }: Options): void {
  if (dormant && run) {
    throw new UsageError(
      "--dormant and --run can't be used together: a dormant migration begins after npx lrm resume",
    );
  }
  if (reason !== undefined && !dormant) {
    throw new UsageError('--reason belongs to --dormant: type both, or none');
  }
}
