import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** Where a function that tells the time begins in the vDSO, and how many bytes it has. */
export interface VdsoFunction {
  /** In bytes from the begin of the vDSO. */
  readonly offset: number;
  readonly size: number;
}

/** The range of addresses at which a process has the vDSO. The end is excluded. */
export interface Place {
  readonly from: bigint;
  readonly upto: bigint;
}

/**
 * The functions of the vDSO by name. The kernel maps this small library into every process, and
 * nearly all programs ask it for the time: those with libc, and those without, as Go's.
 */
export function vdsoFunctions(): ReadonlyMap<string, VdsoFunction> {
  const elf = ownVdso();
  const sections = Number(elf.readBigUInt64LE(SECTIONS_AT));
  const size = elf.readUInt16LE(SECTION_SIZE_AT);
  const count = elf.readUInt16LE(SECTION_COUNT_AT);
  const section = (index: number) => elf.subarray(sections + index * size);
  const found = new Map<string, VdsoFunction>();
  for (let index = 0; index < count; index++) {
    const symbols = section(index);
    if (symbols.readUInt32LE(4) !== DYNAMIC_SYMBOLS) continue;
    const names = Number(section(symbols.readUInt32LE(40)).readBigUInt64LE(24));
    const from = Number(symbols.readBigUInt64LE(24));
    const length = Number(symbols.readBigUInt64LE(32));
    for (let at = from; at < from + length; at += SYMBOL_SIZE) {
      const name = names + elf.readUInt32LE(at);
      found.set(elf.toString('latin1', name, elf.indexOf(0, name)), {
        offset: Number(elf.readBigUInt64LE(at + 8)),
        size: Number(elf.readBigUInt64LE(at + 16)),
      });
    }
  }
  return found;
}

/** @throws Error when the process has ended, or has no vDSO */
export function vdsoOf(pid: number | 'self'): Place {
  const line = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .find((each) => each.endsWith('[vdso]'));
  const [, from, upto] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line ?? '') ?? [];
  if (!from || !upto) throw new Error(`process ${pid} has no vDSO`);
  return { from: BigInt(`0x${from}`), upto: BigInt(`0x${upto}`) };
}

/** The same in all processes: the kernel has one for programs of 64 bits. */
function ownVdso(): Buffer {
  const { from, upto } = vdsoOf('self');
  const bytes = Buffer.alloc(Number(upto - from));
  const memory = openSync('/proc/self/mem', 'r');
  readSync(memory, bytes, 0, bytes.length, from);
  closeSync(memory);
  return bytes;
}

// Places in the headers of an ELF file of 64 bits: see elf(5).
const SECTIONS_AT = 0x28;
const SECTION_SIZE_AT = 0x3a;
const SECTION_COUNT_AT = 0x3c;
const DYNAMIC_SYMBOLS = 11;
const SYMBOL_SIZE = 24;
