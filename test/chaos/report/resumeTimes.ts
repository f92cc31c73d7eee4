import type { Inflicted } from '../nemesis';
import type { Life, SentSignal } from '../set/workerSlot';
import type { AttemptRow } from './attempts';

/** How long a migration stood still after its worker was killed. */
export interface Resumed {
  readonly migration: string;
  /** Milliseconds from SIGKILL of the worker to the claim of the next attempt. */
  readonly took: number;
  /** True: nothing else was broken and another worker ran, so nothing else can have held it up. */
  readonly alone: boolean;
}

/**
 * @param kills SIGKILL of workers
 * @param lives all worker processes
 */
export function resumeTimes(
  kills: readonly SentSignal[],
  lives: readonly Life[],
  attempts: readonly AttemptRow[],
  inflicted: readonly Inflicted[],
): Resumed[] {
  return kills.flatMap(({ at, pid }) => {
    const ran = attempts.filter(
      (attempt) =>
        attempt.pid === pid &&
        attempt.startedAt <= at &&
        (attempt.endedAt === null || attempt.endedAt > at) &&
        // An operator's stop is no interruption.
        (attempt.outcome === 'interrupted' || attempt.outcome === 'superseded'),
    );
    return ran.flatMap(({ migration, number }) => {
      const next = attempts.find(
        (each) => each.migration === migration && each.number === number + 1,
      );
      if (!next) return [];
      const others = inflicted.filter(
        ({ from, upto = next.startedAt }) => from <= next.startedAt && upto >= at,
      );
      const another = lives.some(
        (life) =>
          life.pid !== pid && life.from < at && (life.upto ?? next.startedAt) >= next.startedAt,
      );
      return [{ migration, took: next.startedAt - at, alone: others.length <= 1 && another }];
    });
  });
}

/** The value below which `share` (0–1) of them are; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
