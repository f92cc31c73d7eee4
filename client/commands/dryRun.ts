import type { Command } from 'commander';
import { errorText } from '../../activities/attempt/errorText';
import { type DryEnd, dryRun } from '../../activities/dryRun';
import { limitsOf } from '../../activities/limits';
import { NotRegistered, OperationRefused } from '../../drizzle/rows/operationRefused';
import { readInput, readMigrations } from '../../drizzle/rows/status';
import { fileOf, readCatalog } from '../../jobs/catalog';
import { inspectJob } from '../../jobs/process/inspectJob';
import { plainText } from '../../settings/plainText';
import type { Settings } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import { registeredNames } from '../arguments/names';
import { type Connections, withConnections } from '../connections';
import { batchLine, estimates, scanLine } from '../dryRun/lines';
import { movedSequences, readSequences } from '../dryRun/sequences';
import { AlreadyReported } from '../errors/explain';
import { answer, complain, say, warn } from '../terminal/output';

interface Options {
  readonly batches: string;
  readonly yesSideEffects?: boolean;
}

/** More would hold locks for longer than a look is worth. */
const BATCHES_AT_MOST = 100;

export function addDryRun(program: Command): void {
  program
    .command('dry-run')
    .description("Tries a migration's first batches on the database, and rolls them back.")
    .argument('<name>', 'the migration, registered, and its file here')
    .option('--batches <count>', 'how many', '3')
    .option('--yes-side-effects', 'call the bodies of forEach, too: they are not undone')
    .addHelpText(
      'after',
      `
Begins at the first row, and stores nothing. Each batch locks its rows until it is
rolled back. Outside of transactions the job can only read. Refused while an
attempt runs.

Exits 0 when the batches worked, 1 when one failed, 2 when it needs
--yes-side-effects.

Example:
  npx lrm dry-run 0001_sample --batches 10`,
    )
    .action(run);
}

async function run(typed: string, options: Options): Promise<void> {
  const batches = countOf(options.batches);
  const sideEffects = options.yesSideEffects === true;
  await withConnections(async (connections) => {
    const { db, settings } = connections;
    const [name = typed] = await registeredNames(db, [typed]);
    await refuseWhileRunning(connections, name);
    const { file, limits } = await readJob(settings, name);
    const text = await readInput(db, name);
    const input = text === null ? undefined : { value: JSON.parse(text) };
    const before = await readSequences(db);
    const log = (line: string) => warn(plainText(line));
    const report = await dryRun(connections, {
      name,
      file,
      input,
      limits,
      batches,
      sideEffects,
      log,
    });
    const sequences = movedSequences(before, await readSequences(db));
    const problem = problemOf(report.end);
    answer({ name, ...report, end: report.end.kind, error: problem, sequences });
    for (const [index, batch] of report.batches.entries()) say(batchLine(index + 1, batch));
    for (const line of estimates(report.batches)) say(line);
    for (const scan of report.scans) warn(scanLine(scan));
    if (sequences.length > 0) {
      warn(`not undone: sequences have moved (or others use them): ${sequences.join(', ')}`);
    }
    if (problem !== null) {
      complain(`${name}: ${problem}`);
      throw new AlreadyReported(report.end.kind === 'refused' ? 2 : 1);
    }
    const ended = report.end.kind === 'returned' ? 'run() returned; ' : '';
    const { length } = report.batches;
    const worked = `${length} ${length === 1 ? 'batch' : 'batches'} worked`;
    say(`${ended}${worked}, and everything was rolled back`);
  });
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^[0-9]+$/.test(text) && count >= 1 && count <= BATCHES_AT_MOST) return count;
  throw new UsageError(`--batches is not a whole number from 1 to ${BATCHES_AT_MOST}`);
}

/** Its batches and those of the attempt would wait for each other's rows. */
async function refuseWhileRunning({ db, settings }: Connections, name: string): Promise<void> {
  const [view] = await readMigrations(db, settings.LRM_HEARTBEAT_TIMEOUT, name);
  if (!view) throw new NotRegistered(name);
  if (view.live) {
    throw new OperationRefused(`an attempt of ${name} is running: npx lrm pause ${name} first`);
  }
}

async function readJob(settings: Settings, name: string) {
  const file = fileOf((await readCatalog(settings.LRM_JOBS_DIR)).files, name);
  if (!file) {
    throw new UsageError(`there is no file ${name} in ${settings.LRM_JOBS_DIR} (LRM_JOBS_DIR)`);
  }
  const inspection = await inspectJob(file, { errorDetail: 'safe' });
  if (inspection.kind !== 'facts') {
    throw new OperationRefused(`${name}: ${errorText('load', inspection.error)}`);
  }
  return { file, limits: limitsOf(settings, inspection.facts.options) };
}

const READ_ONLY = '25006';

/** Null: nothing is wrong. */
function problemOf(end: DryEnd): string | null {
  switch (end.kind) {
    case 'enough':
    case 'returned':
      return null;
    case 'refused':
      return `${end.what}, and what it does there can't be undone. To call it: --yes-side-effects`;
    case 'time limit':
      return 'it reached the time limit of an attempt';
    case 'failed': {
      const text = errorText(end.during, end.error);
      return isReadOnly(end)
        ? `it writes outside of a transaction, which a dry run could not undo: ${text}`
        : text;
    }
  }
}

function isReadOnly({ error }: Extract<DryEnd, { kind: 'failed' }>): boolean {
  const codes = [error, ...error.causes].map(({ code }) => code);
  return codes.includes(READ_ONLY);
}
