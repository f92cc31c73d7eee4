import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { SCHEDULE_ID } from '../../../settings/settings';
import { check, type MemorySample } from '../checks';
import type { Inflicted } from '../nemesis';
import type { OwnChaosSet } from '../set/openSet';
import type { Foreground } from '../workload/foreground';
import type { Piece } from '../workload/piece';
import { readAttempts } from './attempts';
import { checkContext } from './context';
import { drawTimeline } from './draw';
import { writeHistories } from './histories';

import { reportLines } from './report';
import { resumeTimes } from './resumeTimes';
import { rowsOnce } from './rowsOnce';
import type { Sample } from './samples';

/** What has happened in a run. */
export interface Course {
  readonly seed: string;
  readonly minutes: number;
  readonly inflicted: readonly Inflicted[];
  readonly notDone: ReadonlyMap<string, string>;
  readonly pieces: readonly Piece[];
  readonly foreground: Foreground;
  readonly rows: readonly Sample[];
  readonly memory: readonly MemorySample[];
  /** What had not ended at the deadline. */
  readonly left: string | undefined;
}

/**
 * Ends the workers, and judges what they have left: rows, our tables, Temporal, logs, files. Writes
 * histories and the picture into the run's folder.
 * @returns the report, and what must not have happened, a line each
 */
export async function judge(
  set: OwnChaosSet,
  course: Course,
): Promise<{ readonly report: readonly string[]; readonly found: readonly string[] }> {
  const { seed, minutes, inflicted, pieces, foreground } = course;
  const { sql } = set.postgres;
  await writeHistories(set.temporal.client, set.folder);
  // Its ticks would find no worker while the checks look.
  await set.temporal.client.schedule.getHandle(SCHEDULE_ID).pause();
  await Promise.all(set.workers.map((slot) => slot.end(true)));
  const attempts = await readAttempts(sql);
  const done = inflicted.filter(({ result }) => result === 'done');
  drawTimeline(set, `seed ${seed}: ${done.length} faults`, inflicted, attempts, course.rows);
  const kills = set.workers.flatMap(({ signals }) =>
    signals.filter(({ signal }) => signal === 'SIGKILL'),
  );
  const lives = set.workers.flatMap((slot) => slot.lives);
  const resumed = resumeTimes(kills, lives, attempts, inflicted);
  writeFileSync(path.join(set.folder, 'resumed.json'), JSON.stringify(resumed, undefined, 1));
  const report = reportLines({
    seed,
    minutes,
    inflicted: done,
    unseen: inflicted.filter(({ result }) => result === 'unseen'),
    notDone: course.notDone,
    pieces,
    attempts,
    resumed,
    foreground: {
      touched: [...foreground.accounts.values()].reduce((sum, { added }) => sum + added, 0),
      errors: foreground.errors.length,
    },
  });
  const context = checkContext(set, pieces, foreground, inflicted, course.memory);
  const findings = await set.timeline.during('checker', 'checks', () => check(context));
  return {
    report,
    found: [
      ...inflicted
        .filter(({ result }) => result === 'failed')
        .map(({ kind, what }) => `fault '${kind}': ${what}`),
      ...(course.left ? [`not settled: ${course.left}`] : []),
      ...(await rowsOnce(sql, pieces)).map((line) => `plain count: ${line}`),
      ...findings.map((finding) => `${finding.check}: ${finding.what}`),
    ],
  };
}
