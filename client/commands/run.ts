import type { Command } from 'commander';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { readSkippedCounts, skippedNote } from '../../drizzle/rows/skipped';
import { plainText } from '../../settings/plainText';
import { UsageError } from '../../settings/usageError';
import type { Group, RunResult } from '../../workflows/contract';
import { withConnections } from '../connections';
import { AlreadyReported } from '../errors/explain';
import { runHere } from '../inline/runHere';
import { sayTroubles } from '../temporal/reportTroubles';
import { resultOf, startRun } from '../temporal/run';
import { readRun } from '../temporal/state';
import { warnWithoutWorker } from '../temporal/workers';
import { sayWhenInterrupted } from '../terminal/interrupted';
import { answer, say, warn } from '../terminal/output';

export function addRun(program: Command): void {
  program
    .command('run')
    .description('Starts a run now, unless one is going. With --inline, runs migrations here.')
    .argument('[names...]', 'with --inline: the migrations; without names: all that are pending')
    .option('--inline', 'run them in this process, without Temporal, and wait for their end')
    .option('--wait', 'wait until it has ended; exits 1 if a migration failed or could not be run')
    .addHelpText(
      'after',
      `
A run executes the pending migrations and ends. There is never more than one
run.

With --inline nothing asks Temporal: for fresh installs, CI, previews, and when
Temporal is down. As many run at a time as LRM_MAX_CONCURRENT says. It is safe
beside workers: each migration is run by one of them. Ctrl-C stops at a safe
point, and a second Ctrl-C at once; the next run goes on from there. Exits 0
when all are completed, otherwise 1.

Examples:
  npx lrm run --wait
  npx lrm run --inline
  npx lrm run --inline 0001_sample`,
    )
    .action(run);
}

interface Options {
  readonly wait?: boolean;
  readonly inline?: boolean;
}

async function run(typed: string[], options: Options): Promise<void> {
  if (options.inline) return runHere(typed);
  if (typed.length > 0) {
    throw new UsageError(
      `lrm run starts a run of all pending migrations; to run only these: npx lrm finalize ${typed.join(' ')}, or npx lrm run --inline ${typed.join(' ')}`,
    );
  }
  await withConnections(async ({ db, temporal }) => {
    const client = await temporal();
    const { run, started } = await startRun(client);
    const { trouble } = await readRun(client);
    if (trouble?.kind === 'not ours') throw new OperationRefused(trouble.line);
    say(started ? 'a run has been started' : 'a run is going already');
    await warnWithoutWorker(client);
    const first = { run: started ? 'started' : 'going' };
    if (!options.wait) {
      // A missing worker and a version without work have been reported above.
      if (trouble && !['no worker', 'version'].includes(trouble.kind)) warn(trouble.line);
      return answer({ ...first, result: null });
    }
    const result = await sayWhenInterrupted('the run goes on: npx lrm status --watch', () =>
      sayTroubles(client, () => resultOf(run)),
    );
    if (!result) {
      throw new OperationRefused(
        'the run was ended in Temporal; its migrations go on with the next one',
      );
    }
    answer({ ...first, result });
    for (const [name, skipped] of await readSkippedCounts(db, result.completed.names)) {
      warn(`${name}: ${skippedNote(name, skipped)}`);
    }
    report(result);
  });
}

function report(result: RunResult): void {
  print('completed', result.completed);
  print('failed', result.failed);
  if (result.reverted) print('reverted', result.reverted);
  print('stopped by an operator', result.stopped);
  for (const { name, reason } of result.left.first) say(plainText(`left: ${name}: ${reason}`));
  const more = result.left.count - result.left.first.length;
  if (more > 0) say(`left: ${more} more`);
  if (result.failed.count > 0 || result.left.count > 0) throw new AlreadyReported();
}

function print(what: string, { count, names }: Group): void {
  const more = count > names.length ? ` and ${count - names.length} more` : '';
  say(plainText(`${what}: ${count}${count > 0 ? ` (${names.join(', ')}${more})` : ''}`));
}
