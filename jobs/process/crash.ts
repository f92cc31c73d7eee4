import { CHANNEL } from './channel';
import type { Description } from './describeError';
import type { JobProcessEnd } from './jobProcess';

/** Signals with which V8 and the C library end a process after a fatal error. */
const ABORTED = ['SIGABRT', 'SIGTRAP', 'SIGILL'];

const CHANNEL_BROKEN = `the job wrote to file descriptor ${CHANNEL}, by which its process talks to the worker; write only to files that the job has opened itself`;

/** Why a job thread ended without a message, as far as the end of its process shows. */
export function describeCrash(end: JobProcessEnd): Description {
  if (end.channelBroken) {
    return { name: 'ChannelBroken', origin: 'author', message: CHANNEL_BROKEN, causes: [] };
  }
  if (end.notStarted === undefined) {
    return { name: 'Crash', origin: 'author', message: crashText(end), causes: [] };
  }
  // The code decides whether it is retried.
  const message = 'no process could be started for the job';
  return { name: 'NotStarted', origin: 'author', code: end.notStarted, message, causes: [] };
}

/** The same for a job thread that ended by itself. */
export function describeExit(code: number): Description {
  const message = `the job ended its thread itself (process.exit, code ${code})`;
  return { name: 'Exit', origin: 'author', message, causes: [] };
}

function crashText({ code, signal }: JobProcessEnd): string {
  const how = `the job's process ended (${signal ?? `code ${code}`})`;
  if (signal === 'SIGKILL') {
    return `${how}: somebody killed it, or the system did because memory ran out (Buffers use memory, too)`;
  }
  if (signal && ABORTED.includes(signal)) {
    return `${how}: perhaps it needed more memory at once than memoryLimitMb or LRM_MEMORY_LIMIT_MB allows`;
  }
  return how;
}
