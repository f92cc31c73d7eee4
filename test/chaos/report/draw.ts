import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Part } from '../fault';
import type { Inflicted } from '../nemesis';
import type { OwnChaosSet } from '../set/openSet';
import { attemptBars, type Bar, drawRun } from '../timeline/picture';
import type { AttemptRow } from './attempts';
import type { Sample } from './samples';

/** Writes `timeline.svg` into the run's folder. */
export function drawTimeline(
  set: OwnChaosSet,
  title: string,
  inflicted: readonly Inflicted[],
  attempts: readonly AttemptRow[],
  samples: readonly Sample[],
): void {
  const end = Date.now();
  const lives = set.workers.flatMap((slot) => slot.lives);
  const workerOf = (pid: number) => lives.find((life) => life.pid === pid)?.worker;
  const faults = inflicted.map(
    ({ kind, part, from, upto = end, result }): Bar => ({
      lane: faultLane(part),
      from,
      upto,
      kind: result === 'done' ? 'fault' : result === 'failed' ? 'broken' : 'nothing',
      label: kind,
    }),
  );
  const ran = attemptBars(attempts, workerOf, end);
  const lanes = [
    ...PARTS.map(faultLane).filter((lane) => faults.some((fault) => fault.lane === lane)),
    ...[...new Set(ran.map(({ lane }) => lane))].sort(),
  ];
  const picture = {
    title,
    from: set.timeline.began,
    upto: end,
    lanes,
    bars: [...faults, ...ran],
    samples,
  };
  writeFileSync(path.join(set.folder, 'timeline.svg'), drawRun(picture));
}

const PARTS: readonly Part[] = ['postgres', 'temporal', 'worker', 'operators', 'tables'];

const faultLane = (part: Part): string => `fault: ${part}`;
