import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../settings/within';
import { waitFor } from '../support/waitFor';
import type { Arguments } from './arguments';
import type { Fault } from './fault';
import { startClock, watchTable } from './ledger/ledger';
import { startNemesis } from './nemesis';
import { createRandom, type Random } from './random';
import { type Course, judge } from './report/judge';
import { startMemorySamples } from './report/memory';
import { startSampling } from './report/samples';
import { settle } from './report/settle';
import { type OwnChaosSet, openSet } from './set/openSet';
import { openTimeline } from './timeline/timelineFile';
import { startForeground } from './workload/foreground';
import { startWorkload } from './workload/workload';

/** What a run needs besides its arguments. */
export interface RunParts {
  /** Everything that it leaves goes there. */
  readonly folder: string;
  readonly faults: readonly Fault[];
  /** Faults that this machine can't make, with the reason. */
  readonly notDone: ReadonlyMap<string, string>;
  /** Runs the workers of another build. */
  readonly script?: string | undefined;
  /** Aborted when the run must end at once. */
  readonly signal: AbortSignal;
  say(line: string): void;
}

/**
 * Starts the set, breaks it as long as asked, lets it come to rest, and judges.
 * @returns what must not have happened, a line each
 * @throws Interrupted; Error when the set could not be started
 */
export async function run(asked: Arguments, parts: RunParts): Promise<readonly string[]> {
  mkdirSync(parts.folder, { recursive: true });
  const timeline = openTimeline(parts.folder);
  timeline.event('run', `seed ${asked.seed}, ${asked.minutes} minutes`);
  const interrupted = new Promise<never>((_, reject) => {
    parts.signal.addEventListener('abort', () => reject(new Interrupted('interrupted')));
  });
  // What is half started then ends with this process.
  const set = await Promise.race([interrupted, openSet(timeline, parts.folder, parts.script)]);
  /** Ends what the run has started, the last one first. */
  const atEnd: (() => unknown)[] = [];
  try {
    parts.say(`the set runs: ${parts.folder}`);
    return await Promise.race([interrupted, play(asked, parts, set, atEnd)]);
  } finally {
    await within(ENDS_WITHIN, Promise.allSettled(atEnd.map(async (each) => each())));
    await set.end();
  }
}

/** Somebody has ended the run by a signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Of an interrupted run's parts; then the servers end in any case. Milliseconds. */
const ENDS_WITHIN = 5_000;

async function play(
  asked: Arguments,
  { faults, notDone, signal, say }: RunParts,
  set: OwnChaosSet,
  atEnd: (() => unknown)[],
): Promise<readonly string[]> {
  const random: Random = createRandom(asked.seed);
  const stopAtEnd = <T extends { stop(): unknown }>(part: T): T => {
    atEnd.push(() => part.stop());
    return part;
  };
  const { postgres, timeline, jobs } = set;
  const rows = stopAtEnd(startSampling(postgres));
  const memory = stopAtEnd(startMemorySamples(set.workers));
  const clock = stopAtEnd(startClock(() => postgres.sql));
  const workload = stopAtEnd(
    startWorkload({
      postgres,
      timeline,
      random: random.fork('workload'),
      jobs,
      watch: ({ table, key }, tx) => watchTable(tx, `app.${table}`, key, ['n', 'touched']),
    }),
  );
  const load = random.fork('foreground');
  const foreground = stopAtEnd(
    startForeground(
      () => postgres.appUrl(),
      () => workload.pieces,
      load,
    ),
  );
  await waitFor('the first attempts', () => underWay(set), BEGINS_WITHIN);
  timeline.event('run', 'faults begin');
  const nemesis = stopAtEnd(startNemesis(set, faults, random.fork('nemesis'), say));
  await sleep(asked.minutes * 60_000, undefined, { signal });
  timeline.event('run', 'no more faults');
  await nemesis.stop();
  await workload.stop();
  const left = await settle(set);
  await foreground.stop();
  await clock.stop();
  rows.stop();
  memory.stop();
  const course: Course = {
    seed: asked.seed,
    minutes: (Date.now() - timeline.began) / 60_000,
    inflicted: nemesis.inflicted,
    notDone,
    pieces: workload.pieces,
    foreground,
    rows: rows.samples,
    memory: memory.samples,
    left,
  };
  const { report, found } = await judge(set, course);
  for (const line of report) say(line);
  writeFileSync(path.join(set.folder, 'report.txt'), `${[...report, ...found].join('\n')}\n`);
  return found;
}

/** Several attempts run: there is something to break. */
async function underWay({ postgres }: OwnChaosSet): Promise<boolean> {
  const attempts = await postgres.sql`
    select from long_running_migrations.attempts where ended_at is null`;
  return attempts.length >= 2;
}

/** Milliseconds. */
const BEGINS_WITHIN = 120_000;
