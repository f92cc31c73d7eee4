import type { Command } from 'commander';
import { operationRefused } from '../../drizzle/rows/operationRefused';
import {
  mayRetry,
  notReverting,
  retryForward,
  retry as retryRow,
  retrySkipped,
} from '../../drizzle/rows/restart';
import { type Asked, readMigration } from '../../drizzle/rows/stop';
import { UsageError } from '../../settings/usageError';
import { members } from '../arguments/members';
import { type Connections, withConnections } from '../connections';
import { nextRun, startAfter } from '../temporal/startAfter';
import { confirmAll } from '../terminal/confirm';
import { type Done, eachMigration } from './each';
import { requestedBy } from './requestedBy';

interface Options {
  readonly reason?: string;
  readonly fromStart?: boolean;
  readonly skipped?: boolean;
  readonly forward?: boolean;
  readonly yes?: boolean;
  readonly run: boolean;
}

export function addRetry(program: Command): void {
  program
    .command('retry')
    .description('Runs failed or cancelled migrations again, from where they stopped.')
    .argument('<names...>', 'the migrations')
    .option('--from-start', 'drop checkpoint and finished batches; also for completed ones')
    .option('--skipped', 'do the skipped rows again; also of completed ones')
    .option('--forward', 'what is being reverted runs forward again, from the start')
    .option('--yes', 'drop them, or retry all targets of a job, without asking')
    .option('--reason <text>', 'saved with your name and the time')
    .option('--no-run', "don't start a run: wait for the next one")
    .addHelpText(
      'after',
      `
Starts a run if none is going. A revert that has failed or was cancelled goes on
as a revert. A reverted migration runs forward, from the start. With --skipped,
run() is called again from its beginning. Its finished batches are not repeated,
and each walk does the rows that it has skipped.

Examples:
  npx lrm retry 0001_sample --reason 'fixed in v1.3.1'
  npx lrm retry 0001_sample --from-start
  npx lrm retry 0001_sample --skipped`,
    )
    .action(retry);
}

async function retry(typed: string[], options: Options): Promise<void> {
  if (options.skipped && (options.fromStart || options.forward)) {
    const other = options.fromStart ? '--from-start' : '--forward';
    throw new UsageError(
      `--skipped and ${other} can't be used together: from the start, all rows are done again`,
    );
  }
  await withConnections(async (connections) => {
    const { db } = connections;
    const drops = options.fromStart === true || options.forward === true;
    const names = await members(db, typed, {
      verb: 'retry',
      can: ({ status, skipped, direction }) =>
        mayRetry(drops || options.skipped === true).includes(status) &&
        (!options.skipped || skipped > 0) &&
        (!options.forward || direction === 'revert'),
      // One question is enough, and the other one says more.
      yes: options.yes === true || drops,
    });
    if (drops && !options.yes) await confirmDropping(connections, names, options);
    await eachMigration(
      db,
      names,
      (name) => retryOne(connections, name, options),
      (done) => startAfter(connections, done, options.run),
    );
  });
}

/** Refuses first what can't be retried: nobody should be asked about what won't be done. */
async function confirmDropping(
  { db }: Connections,
  names: readonly string[],
  { forward }: Options,
): Promise<void> {
  const done: string[] = [];
  for (const name of names) {
    const row = await readMigration(db, name);
    if (!mayRetry(true).includes(row.status)) throw operationRefused(row, 'retry');
    if (forward && row.direction !== 'revert') throw notReverting(row);
    done.push(
      `${name} has ${row.direction === 'revert' ? 'reverted' : 'done'} ${row.rowsDone} rows`,
    );
  }
  const what = names.length === 1 ? 'its checkpoint' : 'their checkpoints';
  await confirmAll(done, `Drop ${what} and start again?`);
}

async function retryOne(connections: Connections, name: string, options: Options): Promise<Done> {
  const asked = requestedBy(options.reason);
  const how = await restart(connections, name, options, asked);
  const what = how.direction === 'revert' ? 'is reverted again' : 'runs again';
  const stopped = options.skipped ? 'with its skipped rows' : 'from where it stopped';
  const where = how.fromStart ? 'from the start' : stopped;
  return { line: `${name} ${what}, ${where}${nextRun(options.run)}`, result: 'retried' };
}

function restart({ db }: Connections, name: string, options: Options, asked: Asked) {
  if (options.skipped) return retrySkipped(db, name, asked);
  if (options.forward) return retryForward(db, name, asked);
  return retryRow(db, name, asked, options.fromStart === true);
}
