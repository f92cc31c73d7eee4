import { StringDecoder } from 'node:string_decoder';
import type { LogMessage } from './messages';

/** Of a job. */
export type PrintedStream = 'stdout' | 'stderr';

/** A process that prints more at once is not read by anybody: a worker also needs time for its heartbeats. */
const LINES_AT_ONCE = 1_000;
/** From then on. As of job.log. */
const LINES_PER_SECOND = 100;
/** How often it is said that lines were left out. Milliseconds. */
const SAY_EVERY = 1_000;
/** Of a line. As of job.log. Characters. */
const CHARACTERS_AT_MOST = 8_000;
/** A line without an end is sent after this time: a job may print a dot for each row. Milliseconds. */
const UNFINISHED_FOR = 1_000;
/** Text is looked at in parts: one print may be longer than a string can be. Bytes or characters. */
const PART = 65_536;

/** How many lines of both streams of a thread still become lines of the log, and how many do not. */
export class PrintedLimit {
  private room = LINES_AT_ONCE;
  private filledAt = performance.now();
  private leftOut = 0;
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly send: (message: LogMessage) => void) {}

  /** Sends a line, or leaves it out. */
  line(message: LogMessage): void {
    const now = performance.now();
    const more = ((now - this.filledAt) / 1_000) * LINES_PER_SECOND;
    this.room = Math.min(LINES_AT_ONCE, this.room + more);
    this.filledAt = now;
    if (this.room < 1) {
      this.leftOut += 1;
      return;
    }
    this.room -= 1;
    if (now - this.saidAt >= SAY_EVERY) this.sayLeftOut(now);
    this.send(message);
  }

  sayLeftOut(now = performance.now()): void {
    if (this.leftOut === 0) return;
    const message = `${this.leftOut} printed lines were left out`;
    this.leftOut = 0;
    this.saidAt = now;
    this.send({ type: 'log', level: 'warn', message, fields: {} });
  }
}

/**
 * Makes lines of the log from what is printed to a stream. Long lines are cut, empty ones are left
 * out. It keeps no more of an unfinished line than is sent of it.
 */
export class PrintedLines {
  private readonly decoder = new StringDecoder('utf8');
  private unfinished = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly stream: PrintedStream,
    private readonly limit: PrintedLimit,
  ) {}

  add(chunk: Uint8Array | string): void {
    for (let at = 0; at < chunk.length; at += PART) {
      const part = chunk.slice(at, at + PART);
      this.addText(typeof part === 'string' ? part : this.decoder.write(Buffer.from(part)));
    }
    if (this.unfinished !== '') {
      this.timer ??= setTimeout(() => this.flush(), UNFINISHED_FOR).unref();
    }
  }

  /** Sends what has no line end yet. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const line = this.unfinished;
    this.unfinished = '';
    if (line.trim() === '') return;
    this.limit.line({
      type: 'log',
      level: this.stream === 'stderr' ? 'warn' : 'info',
      // The mark also says that the end may be a part of a secret, see redactor().
      message: line.length > CHARACTERS_AT_MOST ? `${line.slice(0, CHARACTERS_AT_MOST)}…` : line,
      fields: { stream: this.stream },
    });
  }

  private addText(text: string): void {
    // A progress bar returns to the beginning of its line.
    const [first = '', ...lines] = text.split(/[\r\n]/);
    this.append(first);
    for (const line of lines) {
      this.flush();
      this.append(line);
    }
  }

  private append(text: string): void {
    this.unfinished += text.slice(0, CHARACTERS_AT_MOST + 1 - this.unfinished.length);
  }
}
