import type { Command } from 'commander';
import { addStopCommand } from './stopCommand';

export function addPause(program: Command): void {
  addStopCommand(program, {
    move: 'pause',
    past: 'paused',
    undoneBy: 'resume',
    description: 'Stops a migration until it is resumed. What it has done is kept.',
    help: `
Returns when nothing of it is running any more. A running attempt sees the
request within 2 seconds and stops at a safe point. If its worker is dead, this
takes LRM_HEARTBEAT_TIMEOUT.

Example:
  npx lrm pause 0001_sample --reason 'month-end, too much load'`,
  });
}
