import type { Command } from 'commander';
import type { Stop } from '../../drizzle/stop';
import { asked } from '../asked';
import { withConnections } from '../connections';
import { migrationName } from '../name';
import { stopAndWait } from '../stopAndWait';

/** What sets `lrm pause` and `lrm cancel` apart. */
export interface StopCommand {
  readonly move: Stop;
  readonly description: string;
  readonly help: string;
  /** 'paused': what the migration then is. */
  readonly past: string;
  /** The command that makes it go on. */
  readonly undoneBy: string;
}

export function addStopCommand(program: Command, command: StopCommand): void {
  program
    .command(command.move)
    .description(command.description)
    .argument('<name>', 'the migration')
    .option('--reason <text>', 'kept on its row, with who and when')
    .option('--no-wait', "don't wait for the running attempt to stop")
    .addHelpText('after', command.help)
    .action((typed: string, options: Options) => stop(command, typed, options));
}

interface Options {
  readonly reason?: string;
  readonly wait: boolean;
}

async function stop(command: StopCommand, typed: string, options: Options): Promise<void> {
  const name = migrationName(typed);
  const reason = asked(options.reason);
  const result = await withConnections((connections) =>
    stopAndWait(connections, name, command.move, reason, options.wait),
  );
  console.log(
    result === 'stopped'
      ? `${name} is ${command.past}. To let it run again: npx lrm ${command.undoneBy} ${name}`
      : `${name} has been asked to stop and is ${command.past} soon: npx lrm status ${name}`,
  );
}
