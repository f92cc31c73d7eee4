import type { Command } from 'commander';
import { plainText } from '../../settings/plainText';
import { UsageError } from '../../settings/usageError';
import { AlreadyReported } from '../errors/explain';
import { complain } from '../terminal/output';

export function addDev(program: Command): void {
  program
    .command('dev')
    .description('Starts what development needs: Postgres and Temporal if not set, and a worker.')
    .option('--once', 'end when nothing is pending; exit code 0, or 1 if a migration failed', false)
    .option('--fresh', "delete the dev servers' data first", false)
    .addHelpText(
      'after',
      `
Creates our tables, starts a run, and shows its progress until Ctrl-C. DATABASE_URL
and TEMPORAL_ADDRESS, also in .env, name servers of your own. The data of the dev
servers is in .lrm/ beside lrm.config; other commands find them by it.

Examples:
  npx lrm dev
  npx lrm dev --once --fresh`,
    )
    .action(dev);
}

async function dev(options: { once: boolean; fresh: boolean }): Promise<void> {
  const { runUntilCtrlC } = await import('../../worker/local/session/untilCtrlC');
  const session = runUntilCtrlC(process.env, { ...options, samples: 'never' });
  const code = await session.catch((error: unknown) => {
    if (error instanceof UsageError) throw error;
    // Its messages are written for a person, and quote no row.
    complain(plainText(error instanceof Error ? error.message : String(error)));
    throw new AlreadyReported();
  });
  // The session has already shown which migrations failed.
  if (code !== 0) throw new AlreadyReported();
}
