import { type Registered, register } from '../../drizzle/rows/register';
import { fileOf } from '../../jobs/catalog';
import { jobOf } from '../../settings/migrationName';
import { didYouMean } from '../arguments/suggest';
import { requestedBy } from '../commands/requestedBy';
import type { Connections } from '../connections';
import { startAfter } from '../temporal/startAfter';
import { answer, say, warn } from '../terminal/output';
import { checkInputsHere } from './checkInputsHere';
import type { ParsedInput } from './parseInput';
import { readTargets, refuseLines, type TargetLine } from './targetsFile';

/** The files of the jobs on this machine, by name. */
export type Files = ReadonlyMap<string, string>;

/** What `lrm register --targets` registers. */
export interface Targets {
  readonly job: string;
  /** The file of the targets, or '-'. */
  readonly file: string;
  /** Of those that have none of their own. */
  readonly input: ParsedInput | undefined;
}

/** Options of `lrm register`. */
interface Options {
  readonly run?: boolean;
  readonly dormant?: boolean;
  readonly reason?: string;
}

/**
 * Registers a job for all targets in a file, or for none of them.
 * @throws UsageError naming the lines that can't be used; OperationRefused when one is registered with
 *   another input
 */
export async function registerTargets(
  connections: Connections,
  targets: Targets,
  files: Files,
  { run, dormant, reason }: Options,
): Promise<void> {
  const { job } = targets;
  const lines = await readTargets(targets.file, job, targets.input);
  await refuseInputs(targets, lines, fileOf(files, job));
  const asked = dormant ? requestedBy(reason) : undefined;
  const registered = await register(connections.db, lines, asked);
  warnWithoutFile(job, files, connections.settings.LRM_JOBS_DIR);
  const added = registered.filter(({ isNew }) => isNew).map(({ name }) => name);
  const before = registered.length - added.length;
  say(
    `${added.length} targets of ${job} are registered${dormant ? ' as paused' : ''}` +
      (before > 0 ? `; ${before} were registered already: nothing changed` : ''),
  );
  const after = await startIfAsked(connections, added, run);
  const result = dormant ? 'dormant' : 'registered';
  answer(registered.map((each) => ({ ...entry(each, result), ...after })));
}

async function refuseInputs(
  { job, file: from }: Targets,
  lines: readonly TargetLine[],
  file: string | undefined,
): Promise<void> {
  if (!file) return;
  const inputs = lines.map(({ parsed }) => parsed);
  const problems = await checkInputsHere(job, file, inputs);
  const wrong = lines.flatMap(({ line }, at) => {
    const problem = problems[at];
    return problem ? [{ line, problem }] : [];
  });
  refuseLines(from, wrong);
}

const entry = ({ name, status, isNew }: Registered, result: string) => ({
  name,
  status,
  result: isNew ? result : 'unchanged',
  error: null,
});

/** Starts a run, with --run. */
export const startIfAsked = (
  connections: Connections,
  names: readonly string[],
  run: boolean | undefined,
): Promise<{ run: 'started' | 'going' | null }> =>
  run ? startAfter(connections, names, true) : Promise.resolve({ run: null });

/** Its code may still come, but a name may also be mistyped. */
export function warnWithoutFile(name: string, files: Files, folder: string): void {
  if (fileOf(files, name)) return;
  const hint = didYouMean(jobOf(name), [...files.keys()]);
  warn(
    `there is no file ${jobOf(name)} in ${folder}: it waits for a worker that has one` +
      (hint ? `. Or ${hint} To remove it: npx lrm unregister ${name}` : ''),
  );
}
