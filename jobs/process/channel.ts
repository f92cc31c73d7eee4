import type { Socket } from 'node:net';

/**
 * File descriptor of the channel between a job process and its worker. Not 3, which a script may
 * take for its own. Below 16: Node does not pass those on to processes that the job starts.
 */
export const CHANNEL = 15;

/** Our own messages are far shorter. Characters. */
const LINE_AT_MOST = 1_000_000;

/** Sends a message as one line of JSON. Skips a message that can't be sent: later ones still arrive. */
export function send(channel: Socket, message: object): void {
  let line: string;
  try {
    line = JSON.stringify(message);
  } catch {
    // An author's value may be anything, for example a bigint.
    return;
  }
  if (line.length <= LINE_AT_MOST && channel.writable) channel.write(`${line}\n`);
}

/**
 * Calls `receive` with each message. After one that is not JSON or too long, it calls `broken` once
 * and ignores the rest. A job can write to any file descriptor, so anything may arrive here.
 */
export function listen(
  channel: Socket,
  receive: (message: unknown) => void,
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
      receive(message);
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
