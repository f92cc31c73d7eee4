import type { Command } from 'commander';
import { withConnections } from '../connections';
import { requireCompletedIn } from '../requireCompleted';

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('Passes only if migrations are completed: the gate of a deploy.')
    .argument('[names...]', 'those that must be; default: all registered ones')
    .addHelpText(
      'after',
      `
Exits 1 naming what is missing and what to type next. A database without our tables passes.

Examples:
  npx lrm check
  npx lrm check 0001_sample 0002_places_geohash && ./deploy`,
    )
    .action(check);
}

async function check(names: string[]): Promise<void> {
  await withConnections(async ({ sql }) => {
    await requireCompletedIn(sql, names);
    console.log(
      names.length > 0 ? `completed: ${names.join(', ')}` : 'nothing is left to complete',
    );
  });
}
