import type { Command } from 'commander';
import { errorText } from '../../activities/attempt/errorText';
import { OperationRefused, operationRefused } from '../../drizzle/rows/operationRefused';
import { mayRevert, revert as revertRow } from '../../drizzle/rows/restart';
import { readMigration } from '../../drizzle/rows/stop';
import { fileOf, readCatalog } from '../../jobs/catalog';
import { inspectJob } from '../../jobs/process/inspectJob';
import type { Settings } from '../../settings/settings';
import { members } from '../arguments/members';
import { type Connections, withConnections } from '../connections';
import { nextRun, startAfter } from '../temporal/startAfter';
import { confirmAll } from '../terminal/confirm';
import { warn } from '../terminal/output';
import { type Done, eachMigration } from './each';
import { requestedBy } from './requestedBy';

interface Options {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly run: boolean;
}

export function addRevert(program: Command): void {
  program
    .command('revert')
    .description('Undoes migrations by the revert() of their jobs.')
    .argument('<names...>', 'the migrations')
    .option('--yes', "don't ask")
    .option('--reason <text>', 'saved with your name and the time')
    .option('--no-run', "don't start a run: wait for the next one")
    .addHelpText(
      'after',
      `
For migrations that are completed, failed, cancelled or paused. Attempts run
revert() as they run run(): resumed, retried, paused. At the end the migration
is 'reverted', and lrm retry runs it forward again, from the start.

Examples:
  npx lrm revert 0001_sample --reason 'wrong geohash length'
  npx lrm retry 0001_sample`,
    )
    .action(revert);
}

async function revert(typed: string[], options: Options): Promise<void> {
  await withConnections(async (connections) => {
    const { db } = connections;
    const names = await members(db, typed, {
      verb: 'revert',
      can: mayRevert,
      // The question below asks about all of them.
      yes: true,
    });
    if (!options.yes) await confirmReverting(connections, names);
    await eachMigration(
      db,
      names,
      (name) => revertOne(connections, name, options),
      (done) => startAfter(connections, done, options.run),
    );
  });
}

/** Refuses first what can't be reverted: nobody should be asked about what won't be done. */
async function confirmReverting(
  { db, settings }: Connections,
  names: readonly string[],
): Promise<void> {
  const done: string[] = [];
  for (const name of names) {
    const row = await readMigration(db, name);
    if (!mayRevert(row)) throw operationRefused(row, 'revert');
    await requireRevert(settings, name);
    done.push(`${name} has done ${row.rowsDone} rows`);
  }
  await confirmAll(done, `Undo ${names.length === 1 ? 'it' : 'them'}?`);
}

async function revertOne(
  { db, settings }: Connections,
  name: string,
  options: Options,
): Promise<Done> {
  // Its state comes first: that its job has no revert() matters only if it could be reverted.
  const row = await readMigration(db, name);
  if (!mayRevert(row)) throw operationRefused(row, 'revert');
  if (options.yes) await requireRevert(settings, name);
  await revertRow(db, name, requestedBy(options.reason));
  return { line: `${name} will be reverted${nextRun(options.run)}`, result: 'reverting' };
}

/**
 * A worker would find out, too, but only after the row has lost its place.
 * @throws OperationRefused when the job's file here exports no usable revert()
 */
async function requireRevert({ LRM_JOBS_DIR }: Settings, name: string): Promise<void> {
  const file = await findFile(LRM_JOBS_DIR, name);
  if (!file) {
    return warn(`there is no file ${name} here; a worker that has it runs its revert()`);
  }
  const inspection = await inspectJob(file, { errorDetail: 'safe' });
  if (inspection.kind === 'facts' && !inspection.facts.reverts) {
    throw new OperationRefused(
      `${name} can't be reverted: its file exports no function 'revert'; ` +
        'write: export async function revert(job) { … }, and deploy it',
    );
  }
  if (inspection.kind !== 'facts') {
    const text = errorText('load', inspection.error);
    throw new OperationRefused(`${name} can't be reverted: ${text}`);
  }
}

async function findFile(folder: string, name: string): Promise<string | undefined> {
  try {
    return fileOf((await readCatalog(folder)).files, name);
  } catch {
    // A machine without the jobs can still steer them.
    return undefined;
  }
}
