import type { Command } from 'commander';
import { durationText } from '../../settings/duration';
import { withAnyConnections } from '../connections';
import { createOrUpdateSchedule } from '../temporal/schedule';
import { answer, say } from '../terminal/output';

export function addSchedule(program: Command): void {
  program
    .command('schedule')
    .description('Creates the Schedule that starts runs, or updates it.')
    .addHelpText(
      'after',
      `
The Schedule looks for pending migrations every LRM_INTERVAL (15 minutes). If it
is paused, it stays paused.

Example:
  LRM_INTERVAL='5 minutes' npx lrm schedule`,
    )
    .action(schedule);
}

async function schedule(): Promise<void> {
  await withAnyConnections(async ({ settings, temporal }) => {
    const result = await createOrUpdateSchedule(await temporal(), settings);
    const every = durationText(settings.LRM_INTERVAL);
    say(`Schedule long-running-migrations ${result}: a run every ${every}`);
    answer({ schedule: result, intervalSeconds: settings.LRM_INTERVAL / 1000 });
  });
}
