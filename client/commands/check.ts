import type { Command } from 'commander';
import { readSettings } from '../../settings/settings';
import { AlreadyReported } from '../errors/explain';
import { openForReading } from '../openForReading';
import { describeProblems, judge } from '../requireCompleted';
import { answer, complain, say, warn } from '../terminal/output';

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('Passes only if migrations are completed. Use it as the gate of a deploy.')
    .argument('[names...]', 'full names or numbers; default: all registered migrations')
    .addHelpText(
      'after',
      `
Exits 1 if a migration is not completed, and says what to type next. A database
without our tables passes as a fresh install, with a warning.

Examples:
  npx lrm check
  npx lrm check 0001_sample 0002_places_geohash && ./deploy`,
    )
    .action(check);
}

async function check(typed: string[]): Promise<void> {
  const sql = await openForReading(readSettings().databaseUrl);
  try {
    const { freshInstall, names, problems } = await judge(sql, typed);
    answer({ passed: problems.length === 0, freshInstall: freshInstall !== null, names, problems });
    if (problems.length > 0) {
      complain(describeProblems(problems));
      throw new AlreadyReported();
    }
    if (freshInstall !== null) {
      warn(
        `database ${freshInstall} has none of our tables and passes as a fresh install. If it ` +
          'should have them, check DATABASE_URL',
      );
      return say('passed: nothing was ever registered here');
    }
    say(names.length > 0 ? `completed: ${names.join(', ')}` : 'nothing is left to complete');
  } finally {
    await sql.end({ timeout: 1 });
  }
}
