import type { FromJob } from '../process/messages';
import { PrintedLimit, PrintedLines } from '../process/printedLines';
import { send } from './port';

/** A blocked stream must not delay the end for longer. Milliseconds. */
const PRINTED_WITHIN = 500;

const limit = new PrintedLimit(send);
const lines = {
  stdout: new PrintedLines('stdout', limit),
  stderr: new PrintedLines('stderr', limit),
};

/**
 * Makes lines of the worker's log from what this thread prints. Not from the streams that the main
 * thread of the process could read: there a job that never awaits would print nothing until its end,
 * and all that it has printed would stay in its heap. Here each print is sent or left out at once,
 * and comes before what the thread sends next.
 */
export function capturePrints(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    // Not another stream: code that was loaded before (NODE_OPTIONS) and `console` may hold this one.
    process[name]._writev = (chunks, written) => {
      for (const { chunk, encoding } of chunks) lines[name].add(textOf(chunk, encoding));
      written();
    };
  }
  process.on('exit', flushPrints);
}

const textOf = (chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array | string =>
  typeof chunk !== 'string' || /^utf-?8$/i.test(encoding) ? chunk : Buffer.from(chunk, encoding);

/** Sends a message that may be the last one, after all that was printed before it. */
export function sendLast(message: FromJob): void {
  flushPrints();
  send(message);
}

/** Sends what has no line end yet. */
function flushPrints(): void {
  for (const each of [lines.stdout, lines.stderr]) each.flush();
  limit.sayLeftOut();
}

/** The same, when the threads of the job have printed what they have to. */
export async function printed(): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, PRINTED_WITHIN));
  const out = [process.stdout, process.stderr].map(
    (stream) => new Promise((resolve) => stream.write('', resolve)),
  );
  // A job may have replaced them with something that throws.
  await Promise.race([Promise.all(out).catch(() => {}), late]);
  flushPrints();
}
