import type { Command } from 'commander';
import { addStopCommand } from './stopCommand';

export function addCancel(program: Command): void {
  addStopCommand(program, {
    move: 'cancel',
    past: 'cancelled',
    undoneBy: 'retry',
    description: 'Gives up a migration. What it has done is kept.',
    help: `
Possible until it is completed: also when it has failed, or when its file is
gone. Returns when nothing of it is running any more, as npx lrm pause does.

Example:
  npx lrm cancel 0001_sample --reason 'the table is dropped in v2'`,
  });
}
