import { Socket } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { built } from '../../settings/projectFolder';
import { CHANNEL, listen, send } from './channel';
import { describeError } from './describeError';
import type { FromJobProcess, ToJobProcess } from './messages';

// The job process. No job code runs here, on the main thread. So it always notices when its worker
// has ended or is silent, and then it ends the job.

const memoryLimitMb = Number(process.argv[2]);
/** What to do with the code store, if there is one. */
const [, , , store, sum] = process.argv;
const channel = new Socket({ fd: CHANNEL });
const { port1: port, port2: theirs } = new MessageChannel();
/** 0 while a new database session waits, 1 when it is allowed; see thread/session.ts. */
const gate = new Int32Array(new SharedArrayBuffer(4));
const thread = new Worker(built('jobThread.js'), {
  workerData: { port: theirs, gate, store, sum },
  transferList: [theirs],
  resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
  // The thread closes the store's descriptor, which it has not opened. All end with this process.
  trackUnmanagedFds: false,
});

port.on('message', sendToWorker);
// Out of memory, or an error that the thread could not describe itself.
thread.once('error', (error) =>
  sendToWorker({ type: 'failed', during: 'elsewhere', error: describeError(error) }),
);
// Its last messages may still be on their way: 'exit' can come before them.
thread.once('exit', (code) => setImmediate(() => sendToWorker({ type: 'exited', code })));

/** Messages of the thread before there is a task, for example that the thread could not be loaded. */
const early: FromJobProcess[] = [];
let begun = false;
let received = performance.now();
listen(channel, (message) => receive(message as ToJobProcess), end);
channel.on('error', end).on('close', end);

// Supervisors and terminals send signals to whole process groups. Only the worker stops the job.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

function receive(message: ToJobProcess): void {
  received = performance.now();
  switch (message.type) {
    case 'begin':
      begun = true;
      for (const each of early.splice(0)) sendToWorker(each);
      if (message.input.task === 'run') endWhenSilentFor(message.input.silentMs);
      port.postMessage(message.input);
      return;
    case 'stop':
    case 'prepare':
      port.postMessage(message);
      return;
    case 'sessionAllowed':
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      return;
    case 'alive':
      return;
  }
}

function sendToWorker(message: FromJobProcess): void {
  // The store is of use to other job processes before this one has a task.
  if (begun || message.type === 'stored') send(channel, message);
  else early.push(message);
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
