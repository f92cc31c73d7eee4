import type { CheckContext, MemorySample } from './context';
import { type Finding, findings } from './finding';

/** Node grows at first: the code of a busy worker is compiled, its heap gets larger. Milliseconds. */
const WARM_UP = 120_000;
/** Shorter lives after that, and fewer samples, say nothing. Milliseconds. */
const LONG_ENOUGH = 180_000;
const SAMPLES_AT_LEAST = 30;
/** The least of the last third may be above the least of the first third by this share, and this. */
const SHARE = 0.25;
const BYTES = 24 * 1024 ** 2;

/** The memory of a worker process does not grow. */
export async function memory({ memory: samples }: CheckContext): Promise<Finding[]> {
  const byProcess = new Map<number, MemorySample[]>();
  for (const sample of samples) {
    byProcess.set(sample.pid, [...(byProcess.get(sample.pid) ?? []), sample]);
  }
  return findings(
    CHECK,
    [...byProcess].flatMap(([pid, own]) => growing(pid, own)),
  );
}

const CHECK = 'memory';

function growing(pid: number, all: readonly MemorySample[]): string[] {
  const from = Math.min(...all.map(({ at }) => at)) + WARM_UP;
  const samples = all.filter(({ at }) => at >= from);
  const lived = Math.max(...samples.map(({ at }) => at)) - from;
  if (samples.length < SAMPLES_AT_LEAST || lived < LONG_ENOUGH) return [];
  const least = (third: number) => {
    const of = samples.filter(
      ({ at }) => Math.min(2, Math.floor((3 * (at - from)) / lived)) === third,
    );
    return Math.min(...of.map(({ bytes }) => bytes));
  };
  const [first, last] = [least(0), least(2)];
  if (!(last > first * (1 + SHARE) + BYTES)) return [];
  const minutes = Math.round(lived / 60_000);
  return [
    `worker process ${pid} grew from ${inMegabytes(first)} to ${inMegabytes(last)} MB in ${minutes} minutes`,
  ];
}

const inMegabytes = (bytes: number): number => Math.round(bytes / 1024 ** 2);
