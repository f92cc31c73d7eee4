import type { Socket } from 'node:net';

/**
 * The descriptor on which a job's process and its worker talk. Not 3, the first that a script may
 * take for its own; among the first 16, which Node keeps from the processes that a job starts.
 */
export const CHANNEL = 15;

/** All of ours are far shorter. Characters. */
const LINE_AT_MOST = 1_000_000;

/** Sends a message as one line of JSON. What can't be sent is left out: its other messages go on. */
export function send(channel: Socket, message: object): void {
  let line: string;
  try {
    line = JSON.stringify(message);
  } catch {
    // An author's check may return anything as a reason to wait.
    return;
  }
  if (line.length <= LINE_AT_MOST && channel.writable) channel.write(`${line}\n`);
}

/**
 * Calls `hear` with each message, until one is no JSON or too long: then `broken`, once, and nothing
 * more is heard. A job can write to any descriptor, so what comes here may be anything.
 */
export function listen(
  channel: Socket,
  hear: (message: unknown) => void,
  broken: () => void,
): void {
  let rest = '';
  const end = () => {
    channel.off('data', onData);
    channel.resume();
    broken();
  };
  const onData = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parse(line);
      if (message === undefined) return end();
      hear(message);
    }
    if (rest.length > LINE_AT_MOST) end();
  };
  channel.setEncoding('utf8').on('data', onData);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
