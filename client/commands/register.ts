import type { Command } from 'commander';
import { type Registered, register } from '../../drizzle/rows/register';
import { SCHEMA } from '../../drizzle/schema';
import { fileOf, readCatalog } from '../../jobs/catalog';
import { jobOf, nameOf, targetOf } from '../../settings/migrationName';
import { UsageError } from '../../settings/usageError';
import { migrationName } from '../arguments/name';
import { meant } from '../arguments/names';
import { didYouMean } from '../arguments/suggest';
import { type Connections, withConnections } from '../connections';
import { checkInputsHere } from '../register/checkInputsHere';
import { type ParsedInput, parseInput } from '../register/parseInput';
import { readTargets, refuseLines } from '../register/targetsFile';
import { startAfter } from '../temporal/startAfter';
import { answer, say, warn } from '../terminal/output';
import { type Done, eachMigration } from './each';

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
    .addHelpText(
      'after',
      `
This line in a schema migration does the same, and is the better way (a form that
also works before the first npx lrm migrate: docs/registering.md):
  INSERT INTO ${SCHEMA}.migrations (name) VALUES ('0001_sample') ON CONFLICT DO NOTHING;

One file can be registered for many targets, each with its own row, status and
input: 0001_sample:tenant_7. A line of --targets is a target, or a target, a tab
and its input. All of them are registered, or none.

Examples:
  npx lrm register 0001_sample
  npx lrm register 1 2 --run
  npx lrm register 0001_sample:tenant_7 --input '{"days":30}'
  psql -Atc 'select id from tenants' | npx lrm register 0001_sample --targets -`,
    )
    .action(registerCommand);
}

interface Options {
  readonly input?: string;
  readonly targets?: string;
  readonly run?: boolean;
}

type Files = ReadonlyMap<string, string>;

async function registerCommand(typed: string[], options: Options): Promise<void> {
  const input = options.input === undefined ? undefined : parseInput(options.input);
  if (typeof input === 'string') throw new UsageError(`--input: ${input}`);
  await withConnections(async (connections) => {
    const { files } = await readCatalog(connections.settings.LRM_JOBS_DIR);
    const names = [...new Set(typed.map((each) => registrableName(each, files)))];
    if (options.targets !== undefined) {
      return registerTargets(connections, names, options.targets, input, files, options.run);
    }
    await refuseInputs(names, input, files);
    await eachMigration(
      connections.db,
      names,
      (name) => registerOne(connections, name, input, files),
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
): Promise<Done> {
  const [registered] = await register(db, [{ name, input: input?.text }]);
  warnWithoutFile(name, files, settings.LRM_JOBS_DIR);
  return registered?.isNew
    ? { line: `${name} is registered`, result: 'registered' }
    : { line: `${name} is already registered: nothing changed`, result: 'unchanged' };
}

async function registerTargets(
  connections: Connections,
  names: readonly string[],
  targets: string,
  input: ParsedInput | undefined,
  files: Files,
  run: boolean | undefined,
): Promise<void> {
  const [job = '', other] = names;
  if (other !== undefined || targetOf(job) !== undefined) {
    throw new UsageError(
      '--targets takes the name of one job without a target: npx lrm register 0001_sample --targets tenants.txt',
    );
  }
  const lines = await readTargets(targets, job, input);
  const file = fileOf(files, job);
  if (file) {
    const inputs = lines.map(({ parsed }) => parsed);
    const problems = await checkInputsHere(job, file, inputs);
    refuseLines(
      targets,
      lines.flatMap(({ line }, at) => {
        const problem = problems[at];
        return problem ? [{ line, problem }] : [];
      }),
    );
  }
  const registered = await register(connections.db, lines);
  warnWithoutFile(job, files, connections.settings.LRM_JOBS_DIR);
  const added = registered.filter(({ isNew }) => isNew);
  const before = registered.length - added.length;
  say(
    `${added.length} targets of ${job} are registered` +
      (before > 0 ? `; ${before} were registered already: nothing changed` : ''),
  );
  const after = await startIfAsked(
    connections,
    added.map(({ name }) => name),
    run,
  );
  answer(registered.map((each) => ({ ...entry(each), ...after })));
}

const entry = ({ name, status, isNew }: Registered) => ({
  name,
  status,
  result: isNew ? 'registered' : 'unchanged',
  error: null,
});

const startIfAsked = (
  connections: Connections,
  names: readonly string[],
  run: boolean | undefined,
): Promise<{ run: 'started' | 'going' | null }> =>
  run ? startAfter(connections, names, true) : Promise.resolve({ run: null });

function warnWithoutFile(name: string, files: Files, folder: string): void {
  if (fileOf(files, name)) return;
  const hint = didYouMean(jobOf(name), [...files.keys()]);
  warn(
    `there is no file ${jobOf(name)} in ${folder}: it waits for a worker that has one` +
      (hint ? `. Or ${hint} To remove it: npx lrm unregister ${name}` : ''),
  );
}
