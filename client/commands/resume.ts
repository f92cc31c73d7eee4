import type { Command } from 'commander';
import { isStopRequest, operationRefused } from '../../drizzle/rows/operationRefused';
import { resume as resumeRow } from '../../drizzle/rows/restart';
import { readMigration } from '../../drizzle/rows/stop';
import { transitions } from '../../drizzle/rows/transitions';
import { members } from '../arguments/members';
import { type Connections, withConnections } from '../connections';
import { unpauseInTemporal } from '../temporal/notify';
import { nextRun, startAfter } from '../temporal/startAfter';
import { type Done, eachMigration } from './each';
import { requestedBy } from './requestedBy';

interface Options {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly run: boolean;
}

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('Resumes paused migrations, or withdraws a request to pause or cancel.')
    .argument('<names...>', 'the migrations')
    .option('--reason <text>', 'saved with your name and the time')
    .option('--yes', 'all targets of a job without asking')
    .option('--no-run', "don't start a run: wait for the next one")
    .addHelpText(
      'after',
      `
Starts a run if none is going. A migration that was paused in Temporal (Web UI,
temporal activity pause) is unpaused there.

Examples:
  npx lrm resume 0001_sample
  npx lrm resume 1 2 --no-run`,
    )
    .action(resume);
}

async function resume(typed: string[], options: Options): Promise<void> {
  await withConnections(async (connections) => {
    const { db } = connections;
    const names = await members(db, typed, {
      verb: 'resume',
      can: ({ status, request }) =>
        transitions.resume.from.includes(status) ||
        (status === 'in_progress' && isStopRequest(request)),
      yes: options.yes === true,
    });
    await eachMigration(
      db,
      names,
      (name) => resumeOne(connections, name, options),
      (done) => startAfter(connections, done, options.run),
    );
  });
}

async function resumeOne(
  connections: Connections,
  name: string,
  { reason, run }: Options,
): Promise<Done> {
  const result = await resumeRow(connections.db, name, requestedBy(reason));
  if (result === 'running') return unpauseRunning(connections, name);
  return result === 'resumed'
    ? { line: `${name} is back in the queue${nextRun(run)}`, result: 'resumed' }
    : { line: `${name} goes on: the request to stop it is withdrawn`, result: 'withdrawn' };
}

/** Its row is not paused. Its activity may be paused in Temporal. */
async function unpauseRunning(connections: Connections, name: string): Promise<Done> {
  if (await unpauseInTemporal(await connections.temporal(), [name])) {
    return { line: `${name} goes on: it was paused in Temporal`, result: 'unpaused' };
  }
  throw operationRefused(await readMigration(connections.db, name), 'resume');
}
