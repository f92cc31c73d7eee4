import { Socket } from 'node:net';
import { CHANNEL, listen, send } from './channel';
import { STORE } from './codeStore';
import { JobThread } from './jobThread';
import { Leftovers } from './leftovers';
import type { FromJobProcess, ToJobProcess } from './messages';
import { readStore } from './storeFile';

// The job process. No job code runs here, on the main thread. So it always notices when its worker
// has ended or is silent, and then it ends the job.

const memoryLimitMb = Number(process.argv[2]);
/** What to do with the code store, if there is one. */
const [, , , use, sum] = process.argv;
const stored = use === 'read' ? readStore(sum) : undefined;
const channel = new Socket({ fd: CHANNEL });
// Supervisors and terminals send signals to whole process groups. Only the worker stops the job.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
/** Before the first thread: later it compares. */
const leftovers = new Leftovers(use === 'write' ? STORE : undefined);
let thread = new JobThread(memoryLimitMb, { write: use === 'write', stored }, sendToWorker);
let renewing = false;
let received = performance.now();
listen(channel, (message) => receive(message as ToJobProcess), end);
channel.on('error', end).on('close', end);

function receive(message: ToJobProcess): void {
  received = performance.now();
  switch (message.type) {
    case 'begin':
      // The thread that is there is not the one that it is for.
      if (renewing) {
        end();
        return;
      }
      if (message.input.task === 'run') endWhenSilentFor(message.input.silentMs);
      thread.begin(message.input);
      return;
    case 'stop':
    case 'prepare':
      thread.send(message);
      return;
    case 'sessionAllowed':
      thread.allowSession();
      return;
    case 'renew':
      void renew();
      return;
    case 'alive':
      return;
  }
}

/**
 * Ends the thread of an attempt that is over, and starts another one. Where the attempt has left, or
 * could have left, anything that a new thread does not clean, this process ends, too.
 */
async function renew(): Promise<void> {
  renewing = true;
  if (!leftovers.mayRenew(thread)) return end();
  await thread.end();
  // Not before: while the thread goes on, it must not outlast its worker's silence.
  clearInterval(looking);
  if (!leftovers.isClean(thread)) return end();
  // If it can't be started, that is no error of the next attempt.
  thread = new JobThread(memoryLimitMb, { write: false, stored: thread.stored }, sendToWorker);
  renewing = false;
  sendToWorker({ type: 'renewed' });
}

function sendToWorker(message: FromJobProcess): void {
  send(channel, message);
}

/** Milliseconds. */
const LOOK_EVERY = 250;

let looking: NodeJS.Timeout | undefined;

/** A silent worker is frozen, and by then another worker may have the migration. */
function endWhenSilentFor(milliseconds: number): void {
  clearInterval(looking);
  const look = () => {
    if (performance.now() - received > milliseconds) end();
  };
  // setImmediate: if this process was frozen itself, waiting messages are received first.
  looking = setInterval(() => setImmediate(look), LOOK_EVERY);
}

/** Kills the whole group. SIGKILL, since a thread in a native call would prevent a normal exit. */
function end(): void {
  process.kill(-process.pid, 'SIGKILL');
}
