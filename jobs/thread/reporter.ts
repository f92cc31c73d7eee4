import type { Log, Progress } from '../context/attempt';
import type { BatchTimes } from '../context/batchTimes';
import type { LogLevel } from '../process/messages';
import { send } from './port';

/** Least time between two progress messages: run() may report every row. Milliseconds. */
const REPORT_EVERY = 100;

/** Sends the latest value of each field of the progress, not more than ten times per second. */
export class Reporter {
  private waiting: Progress = {};
  private lastSent = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param times what batches have been goes with the progress that each of them reports */
  constructor(private readonly times: Pick<BatchTimes, 'take'>) {}

  report(progress: Progress): void {
    this.waiting = { ...this.waiting, ...progress };
    // Uses the clock as well as a timer: in a job that never awaits, no timer fires.
    if (performance.now() - this.lastSent >= REPORT_EVERY) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), REPORT_EVERY);
  }

  /** Sends the waiting progress now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batches = this.times.take();
    if (!batches && Object.keys(this.waiting).length === 0) return;
    send({ type: 'progress', progress: this.waiting, ...(batches && { batches }) });
    this.waiting = {};
    this.lastSent = performance.now();
  }
}

/** The worker writes these lines, and it needs time for its heartbeats. */
const LINES_PER_SECOND = 100;
/** For the message and the fields of a line each. Characters. */
const CHARACTERS_AT_MOST = 8_000;

/** A log whose lines the worker writes. Long lines are cut, and lines above the limit are left out. */
export function threadLog(): Log {
  let second = 0;
  let lines = 0;
  const room = (): boolean => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      const leftOut = lines - LINES_PER_SECOND;
      if (leftOut > 0) write('warn', `${leftOut} lines of this log were left out`, {});
      second = now;
      lines = 0;
    }
    lines++;
    return lines <= LINES_PER_SECOND;
  };
  const line =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (room()) write(level, String(message).slice(0, CHARACTERS_AT_MOST), short(fields));
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function write(level: LogLevel, message: string, fields: Record<string, unknown>): void {
  send({ type: 'log', level, message, fields });
}

/** Fields that are too long or not JSON (a socket, a circle) must not end the job. */
function short(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    const text = JSON.stringify(fields);
    return text.length <= CHARACTERS_AT_MOST ? JSON.parse(text) : { fields: 'too long' };
  } catch {
    return { fields: 'cannot be written as JSON' };
  }
}
