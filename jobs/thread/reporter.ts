import type { Log, Progress } from '../context/attempt';
import type { LogLevel } from '../process/messages';
import { send } from './port';

/** Progress goes out at most so often: run() may report every row. Milliseconds. */
const REPORT_EVERY = 100;

/** Passes progress on, the latest of each part, a few times a second at most. */
export class Reporter {
  private waiting: Progress = {};
  private lastSent = 0;
  private timer: NodeJS.Timeout | undefined;

  report(progress: Progress): void {
    this.waiting = { ...this.waiting, ...progress };
    // By the clock as well as by the timer: a job that never awaits lets no timer fire.
    if (performance.now() - this.lastSent >= REPORT_EVERY) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), REPORT_EVERY);
  }

  /** Sends what is waiting, now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (Object.keys(this.waiting).length === 0) return;
    send({ type: 'progress', progress: this.waiting });
    this.waiting = {};
    this.lastSent = performance.now();
  }
}

/** Lines a second at most: the worker writes them, and must have time for its heartbeats. */
const LINES_A_SECOND = 100;
/** Characters of a line at most, message and fields each. */
const CHARACTERS_AT_MOST = 8_000;

/** A log whose lines are written by the worker. Too many, or too long ones, are cut. */
export function threadLog(): Log {
  let second = 0;
  let lines = 0;
  const room = (): boolean => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      const leftOut = lines - LINES_A_SECOND;
      if (leftOut > 0) write('warn', `${leftOut} lines of this log were left out`, {});
      second = now;
      lines = 0;
    }
    lines++;
    return lines <= LINES_A_SECOND;
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

/** What can't be written as JSON (a socket, a loop), or is too long, must not end the job. */
function short(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    const text = JSON.stringify(fields);
    return text.length <= CHARACTERS_AT_MOST ? JSON.parse(text) : { fields: 'too long' };
  } catch {
    return { fields: 'not to be written as JSON' };
  }
}
