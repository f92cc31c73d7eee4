import { isOverdue } from '../temporal/overdue';
import type { TemporalState } from '../temporal/state';
import { colors, terminalWidth } from '../terminal/terminal';
import { time } from './format';

/** The run, the Schedule and the workers. Empty when Temporal does not answer. */
export function footer(state: TemporalState | null): string {
  if (!state) return '';
  const parts = [run(state), schedule(state), workers(state)];
  const line = parts.join(' · ');
  // A line each if the terminal would wrap one long line.
  return colors.dim(line.length <= (terminalWidth() ?? line.length) ? line : parts.join('\n'));
}

const run = ({ run }: TemporalState): string =>
  run ? `run going since ${time(run.startedAt)}` : 'no run is going';

function schedule({ schedule }: TemporalState): string {
  if (!schedule) return 'no Schedule';
  if (schedule.paused) return `Schedule paused${schedule.note ? `: ${schedule.note}` : ''}`;
  if (!schedule.next) return 'Schedule without a next check';
  const next = `next check ${time(schedule.next)}`;
  return isOverdue(schedule.next) ? `${next}, overdue: npx lrm doctor says more` : next;
}

function workers({ workers }: TemporalState): string {
  if (workers.length === 0) return 'no worker';
  return workers.length === 1 ? `worker ${workers[0]}` : `${workers.length} workers`;
}
