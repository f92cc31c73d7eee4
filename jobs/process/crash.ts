import { CHANNEL } from './channel';
import type { Description } from './describeError';
import type { JobProcessEnd } from './jobProcess';

/** What V8 and the C library end a process with that can't go on. */
const ABORTED = ['SIGABRT', 'SIGTRAP', 'SIGILL'];

const CHANNEL_BROKEN = `the job wrote to file descriptor ${CHANNEL}, by which its process talks to the worker; let it write to files that it has opened itself`;

/** Why a job's thread ended without a word, as far as its process's end tells. */
export function describeCrash(end: JobProcessEnd): Description {
  if (end.channelBroken) {
    return { name: 'ChannelBroken', origin: 'author', message: CHANNEL_BROKEN, causes: [] };
  }
  if (end.notStarted === undefined) {
    return { name: 'Crash', origin: 'author', message: crashText(end), causes: [] };
  }
  // By its code it is decided whether that passes.
  const message = 'no process could be started for the job';
  return { name: 'NotStarted', origin: 'author', code: end.notStarted, message, causes: [] };
}

/** The same for a thread that ended by itself. */
export function describeExit(code: number): Description {
  const message = `the job ended its thread itself (process.exit, code ${code})`;
  return { name: 'Exit', origin: 'author', message, causes: [] };
}

function crashText({ code, signal }: JobProcessEnd): string {
  const how = `the job's process ended (${signal ?? `code ${code}`})`;
  if (signal === 'SIGKILL') {
    return `${how}: somebody killed it, or the system for want of memory, which Buffers take as well`;
  }
  if (signal && ABORTED.includes(signal)) {
    return `${how}: as when it needs more memory at once than memoryLimitMb or LRM_MEMORY_LIMIT_MB allows`;
  }
  return how;
}
