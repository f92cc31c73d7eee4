import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Place, vdsoFunctions, vdsoOf } from './vdso';

/**
 * Sets the clock of a running process forward or back, as an operator or NTP does: the time of day
 * jumps, monotonic clocks go on. Processes that it forks later have the same clock, programs that it
 * starts have the true one. libfaketime can't do this: it needs a restart, and Go's programs, as
 * Temporal, don't ask libc for the time. So the functions of the vDSO are replaced in its memory.
 * @param seconds added to the true time; negative: back
 * @returns what gives the process the true time again. It does nothing when the process has ended
 * @throws Error when the process has ended, or its memory can't be written
 */
export async function shiftClock(pid: number, seconds: number): Promise<() => Promise<void>> {
  const place = vdsoOf(pid);
  const before = await patch(pid, place, clockCode(seconds));
  return async () => {
    if (isThere(pid, place)) await patch(pid, place, before);
  };
}

/** Why clocks of running processes can't be set here. Undefined: they can. */
export function whyNoRunningClock(): string | undefined {
  if (process.platform === 'linux' && process.arch === 'x64') return undefined;
  return 'setting the clock of a running process needs Linux on x86-64';
}

interface Code {
  /** In bytes from the begin of the vDSO. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Each asks the kernel, and adds the seconds to what it says. Machine code of x86-64. */
function clockCode(seconds: number): Code[] {
  const added = Buffer.alloc(4);
  added.writeInt32LE(seconds);
  const code = (...parts: (string | Buffer)[]) =>
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
    );
  return [
    {
      ...functionNamed('__vdso_clock_gettime'),
      // mov eax, 228; syscall; test edi, edi (CLOCK_REALTIME); jz add; cmp edi, 5 (…_COARSE);
      // jnz end; add: add qword [rsi], seconds; end: ret
      bytes: code('b8e4000000', '0f05', '85ff', '7405', '83ff05', '7507', '488106', added, 'c3'),
    },
    {
      ...functionNamed('__vdso_gettimeofday'),
      // mov eax, 96; syscall; test rdi, rdi; jz end; add qword [rdi], seconds; end: ret
      bytes: code('b860000000', '0f05', '4885ff', '7407', '488107', added, 'c3'),
    },
    {
      ...functionNamed('__vdso_time'),
      // mov eax, 201; syscall; add rax, seconds; test rdi, rdi; jz end; mov [rdi], rax; end: ret
      bytes: code('b8c9000000', '0f05', '4805', added, '4885ff', '7403', '488907', 'c3'),
    },
  ].map(({ offset, size, bytes }) => {
    if (bytes.length > size) throw new Error(`a function of this vDSO has only ${size} bytes`);
    return { offset, bytes };
  });
}

function functionNamed(name: string): { offset: number; size: number } {
  const found = vdsoFunctions().get(name);
  if (!found) throw new Error(`this kernel's vDSO has no ${name}`);
  return found;
}

/** @returns what was there before */
async function patch(pid: number, place: Place, codes: readonly Code[]): Promise<Code[]> {
  try {
    await stopOutside(pid, place);
    const memory = openSync(`/proc/${pid}/mem`, 'r+');
    try {
      return codes.map(({ offset, bytes }) => {
        const at = place.from + BigInt(offset);
        const before = Buffer.alloc(bytes.length);
        readSync(memory, before, 0, before.length, at);
        // Node writes at positions up to 2^53 only, and reads at any.
        writeSync(memory, bytes, 0, bytes.length, Number(at));
        return { offset, bytes: before };
      });
    } finally {
      closeSync(memory);
    }
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Stops the process while none of its threads is in the vDSO: code must not change under a thread. */
async function stopOutside(pid: number, place: Place): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    process.kill(pid, 'SIGSTOP');
    for (let wait = 0; wait < ATTEMPTS && !isStopped(pid); wait++) await sleep(1);
    if (isStopped(pid) && !threads(pid).some((at) => at >= place.from && at < place.upto)) return;
    process.kill(pid, 'SIGCONT');
    await sleep(1);
  }
  throw new Error(`process ${pid} could not be stopped outside of the vDSO`);
}

const ATTEMPTS = 1_000;

const isStopped = (pid: number): boolean =>
  tasks(pid).every((task) => {
    try {
      return /^[0-9]+ \(.*\) T/s.test(readFileSync(`${task}/stat`, 'utf8'));
    } catch {
      return true; // This thread has just ended.
    }
  });

/** Where the threads of a stopped process go on: the last of the numbers in this file. */
const threads = (pid: number): bigint[] =>
  tasks(pid).map((task) =>
    BigInt(readFileSync(`${task}/syscall`, 'utf8').trim().split(' ').at(-1) ?? 0),
  );

const tasks = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);

/** Another process may have its ID by now; one that has the vDSO elsewhere is another one. */
function isThere(pid: number, place: Place): boolean {
  try {
    return vdsoOf(pid).from === place.from;
  } catch {
    return false;
  }
}
