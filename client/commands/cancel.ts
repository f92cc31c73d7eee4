import type { Command } from 'commander';
import { addStopCommand } from './stopCommand';

export function addCancel(program: Command): void {
  addStopCommand(program, {
    move: 'cancel',
    past: 'cancelled',
    undoneBy: 'retry',
    description: 'Gives a migration up; what it has done is kept.',
    help: `
Possible until it is completed, also for a failed one and for one whose file is gone. Returns when
nothing of it runs any more, as npx lrm pause does.

Example:
  npx lrm cancel 0001_sample --reason 'the table is dropped in v2'`,
  });
}
