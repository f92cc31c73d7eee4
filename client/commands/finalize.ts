import type { Command } from 'commander';
import { readSkippedCounts, skippedNote, withSkipped } from '../../drizzle/rows/skipped';
import { duration } from '../../settings/duration';
import { UsageError } from '../../settings/usageError';
import { FINALIZE_AT_MOST } from '../../workflows/contract';
import { registeredNames } from '../arguments/names';
import { type Connections, withConnections } from '../connections';
import { AlreadyReported } from '../errors/explain';
import { readToFinalize } from '../finalize';
import type { StatusRow } from '../status/row';
import { finalizeNow } from '../temporal/run';
import { warnWithoutWorker } from '../temporal/workers';
import { follow } from '../terminal/follow';
import { answer, complain, say, warn } from '../terminal/output';

export function addFinalize(program: Command): void {
  program
    .command('finalize')
    .description('Runs migrations now, in addition to others, and waits until they are completed.')
    .argument('<names...>', 'the migrations')
    .option('--throttled', 'keep their throttling, to spare the application')
    .option(
      '--timeout <duration>',
      'give up after this long without a worker that takes them',
      '10 minutes',
    )
    .addHelpText(
      'after',
      `
Exits 0 when all are completed, otherwise 1 with the error. After Ctrl-C they go
on running. The timeout is for workers that are gone or lack the code. It starts
again when a worker takes a migration.

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
    throw new UsageError(
      "--timeout is not a duration from 1 ms to 24 days; type, for example, '10 minutes'",
    );
  }
  refuseTooMany(typed);
  const throttled = options.throttled === true;
  await withConnections(async (connections) => {
    const names = await registeredNames(connections.db, typed);
    const open = await readToFinalize(connections, names);
    refuseTooMany(open);
    const before = names.filter((each) => !open.includes(each));
    for (const [name, skipped] of await skippedOf(connections, before)) {
      say(`${name} is ${withSkipped('completed', skipped)}`);
    }
    if (open.length === 0) return answer(completed(names));
    const client = await connections.temporal();
    const wanted = open.map((name) => ({ name, throttled }));
    await finalizeNow(client, wanted);
    await warnWithoutWorker(client);
    const ended = await follow(connections, open, timeout);
    answer([...completed(names.filter((each) => !open.includes(each))), ...ended.map(entry)]);
    for (const { migration, skipped } of ended) {
      const note = skippedNote(migration.name, skipped);
      if (note) warn(note);
    }
    refuseFailed(ended);
  });
}

/** A job's name may stand for more of its targets than the run can keep. */
function refuseTooMany(names: readonly string[]): void {
  if (names.length <= FINALIZE_AT_MOST) return;
  throw new UsageError(
    `lrm finalize takes at most ${FINALIZE_AT_MOST} migrations at once; type fewer names`,
  );
}

/** How many rows each of them has skipped. */
async function skippedOf({ db }: Connections, names: readonly string[]) {
  const counts = await readSkippedCounts(db, names);
  return names.map((name) => [name, counts.get(name) ?? 0] as const);
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
