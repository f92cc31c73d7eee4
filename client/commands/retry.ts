import type { Command } from 'commander';
import { refusal } from '../../drizzle/refusal';
import { mayRetry, retry as retryRow } from '../../drizzle/restart';
import { readMigration } from '../../drizzle/stop';
import { asked } from '../asked';
import { confirm } from '../confirm';
import { withConnections } from '../connections';
import { migrationName } from '../name';
import { tellRun } from '../tellRun';

interface Options {
  readonly reason?: string;
  readonly fromStart?: boolean;
  readonly yes?: boolean;
}

export function addRetry(program: Command): void {
  program
    .command('retry')
    .description('Runs a failed or cancelled migration again, from where it stopped.')
    .argument('<name>', 'the migration')
    .option('--from-start', 'drop its checkpoint and finished batches; a completed one, too')
    .option('--yes', "don't ask whether to drop them")
    .option('--reason <text>', 'kept on its row, with who and when')
    .addHelpText(
      'after',
      `
Examples:
  npx lrm retry 0001_sample --reason 'fixed in v1.3.1'
  npx lrm retry 0001_sample --from-start`,
    )
    .action(retry);
}

async function retry(typed: string, options: Options): Promise<void> {
  const name = migrationName(typed);
  const fromStart = options.fromStart === true;
  await withConnections(async (connections) => {
    const { db } = connections;
    const row = await readMigration(db, name);
    // Before asking: nobody should have to think about what can't be done.
    if (!mayRetry(fromStart).includes(row.status)) throw refusal(row, 'retry');
    if (fromStart && !options.yes) {
      await confirm(
        `${name} has done ${row.rowsDone} rows. Drop its checkpoint and begin anew?`,
        '--yes',
      );
    }
    await retryRow(db, name, asked(options.reason), fromStart);
    await tellRun(connections, name);
    const where = fromStart ? 'from the start' : 'from where it stopped';
    console.log(`${name} runs again with the next run, ${where}; to start one now: npx lrm run`);
  });
}
