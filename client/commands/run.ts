import type { Command } from 'commander';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { plainText } from '../../settings/plainText';
import type { Group, RunResult } from '../../workflows/contract';
import { withConnections } from '../connections';
import { AlreadyReported } from '../errors/explain';
import { sayTroubles } from '../temporal/reportTroubles';
import { resultOf, startRun } from '../temporal/run';
import { readRun, warnWithoutWorker } from '../temporal/state';
import { sayWhenInterrupted } from '../terminal/interrupted';
import { answer, say, warn } from '../terminal/output';

export function addRun(program: Command): void {
  program
    .command('run')
    .description('Starts a run now, unless one is going.')
    .option('--wait', 'wait until it has ended; exits 1 if a migration failed or could not be run')
    .addHelpText(
      'after',
      `
A run executes the pending migrations and ends. There is never more than one
run.

Example:
  npx lrm run --wait`,
    )
    .action(run);
}

async function run(options: { wait?: boolean }): Promise<void> {
  await withConnections(async ({ temporal }) => {
    const client = await temporal();
    const { run, started } = await startRun(client);
    say(started ? 'a run has been started' : 'a run is going already');
    await warnWithoutWorker(client);
    const first = { run: started ? 'started' : 'going' };
    if (!options.wait) {
      const { trouble } = await readRun(client);
      // The missing worker has been reported above.
      if (trouble && trouble.kind !== 'no worker') warn(trouble.line);
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
    report(result);
  });
}

function report(result: RunResult): void {
  print('completed', result.completed);
  print('failed', result.failed);
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
