import { parentPort } from 'node:worker_threads';
import type { Log, Progress } from '../context/attempt';
import type { FromThread, LogLevel } from './messages';

/** Progress goes out at most so often: run() may report every row. Milliseconds. */
const REPORT_EVERY = 100;

/** Sends a message to the main thread. */
export function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}

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
    tell({ type: 'progress', progress: this.waiting });
    this.waiting = {};
    this.lastSent = performance.now();
  }
}

/** A log whose lines are written by the main thread. */
export function threadLog(): Log {
  const line =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      try {
        tell({ type: 'log', level, message, fields });
      } catch {
        // A field that can't be cloned (a function, a socket) must not end the job.
        tell({ type: 'log', level, message, fields: {} });
      }
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
