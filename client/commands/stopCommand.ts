import type { Command } from 'commander';
import type { StopMove } from '../../drizzle/rows/stop';
import { transitions } from '../../drizzle/rows/transitions';
import { members } from '../arguments/members';
import { withConnections } from '../connections';
import { notifyRun } from '../temporal/notify';
import { type Done, eachMigration } from './each';
import { requestedBy } from './requestedBy';
import { stopAndWait } from './stopAndWait';

/** The difference between `lrm pause` and `lrm cancel`. */
export interface StopCommand {
  readonly move: StopMove;
  readonly description: string;
  readonly help: string;
  /** The status that follows: 'paused'. */
  readonly past: string;
  /** The command that lets it run again: 'resume'. */
  readonly undoneBy: string;
}

export function addStopCommand(program: Command, command: StopCommand): void {
  program
    .command(command.move)
    .description(command.description)
    .argument('<names...>', 'the migrations')
    .option('--reason <text>', 'saved with your name and the time')
    .option('--yes', 'all targets of a job without asking')
    .option('--no-wait', "don't wait for running attempts to stop")
    .addHelpText('after', command.help)
    .action((typed: string[], options: Options) => stop(command, typed, options));
}

interface Options {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly wait: boolean;
}

async function stop(command: StopCommand, typed: string[], options: Options): Promise<void> {
  const reason = requestedBy(options.reason);
  await withConnections(async (connections) => {
    const names = await members(connections.db, typed, {
      verb: command.move,
      can: ({ status }) => transitions[command.move].from.includes(status),
      yes: options.yes === true,
    });
    const stopped: string[] = [];
    const stopOne = async (name: string): Promise<Done> => {
      const result = await stopAndWait(connections, name, command.move, reason, options.wait);
      if (result === 'asked') {
        const line = `${name} has been asked to stop and will soon be ${command.past}: npx lrm status ${name}`;
        return { line, result };
      }
      stopped.push(name);
      const line = `${name} is ${command.past}. To let it run again: npx lrm ${command.undoneBy} ${name}`;
      return { line, result: command.past };
    };
    await eachMigration(connections.db, names, stopOne, async () => {
      await notifyRun(connections, stopped);
      return {};
    });
  });
}
