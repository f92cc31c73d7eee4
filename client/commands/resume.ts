import type { Command } from 'commander';
import { refusal } from '../../drizzle/refusal';
import { resume as resumeRow } from '../../drizzle/restart';
import { readMigration } from '../../drizzle/stop';
import { asked } from '../asked';
import { type Connections, withConnections } from '../connections';
import { migrationName } from '../name';
import { tellRun, unpauseInTemporal } from '../tellRun';

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('Lets a paused migration go on, or withdraws a pause or cancel under way.')
    .argument('<name>', 'the migration')
    .option('--reason <text>', 'kept on its row, with who and when')
    .addHelpText(
      'after',
      `
One that was paused in Temporal (Web UI, temporal activity pause) is unpaused there.

Example:
  npx lrm resume 0001_sample`,
    )
    .action(resume);
}

async function resume(typed: string, options: { reason?: string }): Promise<void> {
  const name = migrationName(typed);
  await withConnections(async (connections) => {
    const result = await resumeRow(connections.db, name, asked(options.reason));
    if (result === 'running') return unpauseRunning(connections, name);
    await tellRun(connections, name);
    console.log(
      result === 'resumed'
        ? `${name} is back in the line. The next run takes it; to start one now: npx lrm run`
        : `${name} goes on: the request to stop it is withdrawn`,
    );
  });
}

/** On its row there is nothing to resume; in Temporal there may be. */
async function unpauseRunning(connections: Connections, name: string): Promise<void> {
  if (await unpauseInTemporal(await connections.temporal(), name)) {
    console.log(`${name} goes on: it was paused in Temporal`);
    return;
  }
  throw refusal(await readMigration(connections.db, name), 'resume');
}
