import type { Command } from 'commander';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('Runs a worker in the foreground, which executes what is registered.')
    .addHelpText(
      'after',
      `
One JSON line for each line of its log; readable lines on a terminal
(LRM_LOG_FORMAT). SIGTERM and Ctrl-C stop running migrations at a safe point. Exit
codes: 0 after such a signal, 1 after an error, 2 for wrong settings.

Example:
  DATABASE_URL=postgres://app@db/app TEMPORAL_ADDRESS=temporal:7233 npx lrm worker`,
    )
    .action(async () => {
      // Loaded only here: Temporal's worker takes a second to load.
      const { workerProcess } = await import('../../worker/workerProcess');
      process.exit(await workerProcess());
    });
}
