import { Socket } from 'node:net';
import path from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { CHANNEL, listen, send } from './channel';
import { describeError } from './describeError';
import type { FromJobProcess, ToJobProcess } from './messages';

// The process around an attempt's thread. Here, on its main thread, no job's code ever runs: so it
// hears when its worker is gone or silent, and takes the job with it.

const memoryLimitMb = Number(process.argv[2]);
const channel = new Socket({ fd: CHANNEL });
const { port1: port, port2: theirs } = new MessageChannel();
/** 0 while a new database session waits, 1 when it is allowed; see thread/session.ts. */
const gate = new Int32Array(new SharedArrayBuffer(4));
const thread = new Worker(path.join(__dirname, '../thread/entry.js'), {
  workerData: { port: theirs, gate },
  transferList: [theirs],
  resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
});

port.on('message', sendToWorker);
// Out of memory, or an error that the thread could not describe itself.
thread.once('error', (error) =>
  sendToWorker({ type: 'failed', during: 'elsewhere', error: describeError(error) }),
);
// What it said last may still be on its way: the two don't come in order.
thread.once('exit', (code) => setImmediate(() => sendToWorker({ type: 'exited', code })));

/** What a thread says before it has a listener: that it can't even be loaded. */
const early: FromJobProcess[] = [];
let begun = false;
let heard = performance.now();
listen(channel, (message) => hear(message as ToJobProcess), end);
channel.on('error', end).on('close', end);

// Supervisors and terminals signal whole groups; when to stop, and how, is the worker's to say.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

function hear(message: ToJobProcess): void {
  heard = performance.now();
  switch (message.type) {
    case 'begin':
      begun = true;
      for (const each of early) sendToWorker(each);
      if (message.input.task === 'run') endWhenSilentFor(message.input.silentMs);
      port.postMessage(message.input);
      return;
    case 'stop':
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
  if (begun) send(channel, message);
  else early.push(message);
}

/** Milliseconds. */
const LOOK_EVERY = 250;

/** Its worker is frozen, and by now another one has been given the migration. */
function endWhenSilentFor(milliseconds: number): void {
  const look = () => {
    if (performance.now() - heard > milliseconds) end();
  };
  // What came in meanwhile is heard first, should this process itself have been frozen.
  setInterval(() => setImmediate(look), LOOK_EVERY);
}

/** With all that the job has started. SIGKILL, since a thread in a native call lets no process exit. */
function end(): void {
  process.kill(-process.pid, 'SIGKILL');
}
