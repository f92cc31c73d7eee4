import type { Command } from 'commander';
import {
  describeHistory,
  isEmpty,
  readHistory,
  unregister as unregisterRow,
} from '../../drizzle/rows/unregister';
import { members } from '../arguments/members';
import { type Connections, withConnections } from '../connections';
import { notifyRun } from '../temporal/notify';
import { confirm } from '../terminal/confirm';
import { warn } from '../terminal/output';
import { type Done, eachMigration } from './each';

export function addUnregister(program: Command): void {
  program
    .command('unregister')
    .description('Removes migrations that were registered by mistake.')
    .argument('<names...>', 'the migrations')
    .option(
      '--yes',
      'without asking, and with their history: attempts, checkpoint, finished batches',
    )
    .addHelpText(
      'after',
      `
Refused while an attempt is running. To give up a migration that has begun, use
npx lrm cancel: it keeps the history and who asked. The job's file stays.

Examples:
  npx lrm unregister 0001_smaple
  npx lrm unregister 0003_try --yes`,
    )
    .action(unregister);
}

async function unregister(typed: string[], options: { yes?: boolean }): Promise<void> {
  await withConnections(async (connections) => {
    const yes = options.yes === true;
    const names = await members(connections.db, typed, {
      verb: 'unregister',
      can: () => true,
      yes,
    });
    const asked = !yes && process.stdin.isTTY;
    const withHistory = yes || (asked && (await mayDrop(connections, names)));
    await eachMigration(
      connections.db,
      names,
      (name) => unregisterOne(connections, name, withHistory),
      async (done) => {
        await notifyRun(connections, done);
        return {};
      },
    );
  });
}

/** @returns true if there is a history and the operator agrees to lose it */
async function mayDrop({ db }: Connections, names: readonly string[]): Promise<boolean> {
  const dropped: string[] = [];
  for (const name of names) {
    const history = await readHistory(db, name);
    if (!isEmpty(history)) dropped.push(`${name} has ${describeHistory(history)}`);
  }
  if (dropped.length === 0) return false;
  await confirm(`${dropped.join('; ')}. Remove the history, too?`, '--yes');
  return true;
}

async function unregisterOne(
  connections: Connections,
  name: string,
  withHistory: boolean,
): Promise<Done> {
  const { db, settings } = connections;
  const timeout = settings.LRM_HEARTBEAT_TIMEOUT;
  const history = await unregisterRow(db, name, withHistory, timeout);
  for (const line of history.left) warn(line);
  const gone = isEmpty(history) ? '' : `, with its ${describeHistory(history)}`;
  return { line: `${name} is no longer registered${gone}`, result: 'unregistered' };
}
