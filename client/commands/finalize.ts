import type { Command } from 'commander';
import { duration } from '../../settings/duration';
import { UsageError } from '../../settings/usageError';
import { FINALIZE_AT_MOST } from '../../workflows/contract';
import { registeredNames } from '../arguments/names';
import { withConnections } from '../connections';
import { AlreadyReported } from '../errors/explain';
import { readToFinalize } from '../finalize';
import type { StatusRow } from '../status/row';
import { finalizeNow } from '../temporal/run';
import { warnWithoutWorker } from '../temporal/state';
import { follow } from '../terminal/follow';
import { answer, complain, say } from '../terminal/output';

export function addFinalize(program: Command): void {
  program
    .command('finalize')
    .description('Runs migrations now, beside whatever runs, and waits until they are completed.')
    .argument('<names...>', 'the migrations')
    .option('--throttled', 'keep their throttling: they take their turn with the application')
    .option(
      '--timeout <duration>',
      'give up when no worker has taken them for so long',
      '10 minutes',
    )
    .addHelpText(
      'after',
      `
Exits 0 when all are completed, else 1 with the error. Ctrl-C leaves them running. The timeout is
for workers that are gone or lack the code: it begins anew whenever one has taken a migration.

Example:
  npx lrm finalize 0001_sample && npx lrm check 0001_sample`,
    )
    .action(finalize);
}

interface Options {
  readonly throttled?: boolean;
  readonly timeout: string;
}

async function finalize(typed: string[], options: Options): Promise<void> {
  const timeout = duration(options.timeout);
  if (timeout === undefined) {
    throw new UsageError("--timeout: is no duration from 1 ms to 24 days; write '10 minutes'");
  }
  if (typed.length > FINALIZE_AT_MOST) {
    throw new UsageError(`at most ${FINALIZE_AT_MOST} migrations at once`);
  }
  const throttled = options.throttled === true;
  await withConnections(async (connections) => {
    const names = await registeredNames(connections.db, typed);
    const open = await readToFinalize(connections, names);
    for (const name of names.filter((each) => !open.includes(each))) {
      say(`${name} is completed`);
    }
    if (open.length === 0) return answer(completed(names));
    const client = await connections.temporal();
    const wanted = open.map((name) => ({ name, throttled }));
    await finalizeNow(client, wanted);
    await warnWithoutWorker(client);
    const ended = await follow(connections, open, timeout);
    answer([...completed(names.filter((each) => !open.includes(each))), ...ended.map(entry)]);
    refuseFailed(ended);
  });
}

function refuseFailed(ended: readonly StatusRow[]): void {
  const failed = ended.filter(({ migration }) => migration.status !== 'completed');
  for (const { migration, notes } of failed) {
    complain(`${migration.name} is ${migration.status}: ${notes.join('; ')}`);
  }
  if (failed.length > 0) throw new AlreadyReported();
}

const completed = (names: readonly string[]) =>
  names.map((name) => ({ name, status: 'completed', result: 'completed', error: null }));

const entry = ({ migration, notes }: StatusRow) => ({
  name: migration.name,
  status: migration.status,
  result: migration.status === 'completed' ? 'completed' : null,
  error: migration.status === 'completed' ? null : notes.join('; '),
});
