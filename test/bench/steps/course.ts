import { type Backfill, backfill, type Fixed, type Moment } from '../backfill';
import { oneUpdate } from '../contestants';
import { FORMER_DEFAULT } from '../foreground';
import { watchGrowth } from '../growth';
import { now, startLoad } from '../load/load';
import type { Phase } from '../load/schedule';
import type { Samples } from '../load/thread';
import type { Bench } from '../server';
import { renewUsers } from '../users';

/** An application that is not there, comes, grows and goes away again. */
export const steppingPhases = (seconds: number): readonly Phase[] =>
  [0, 200, 600, 0].map((perSecond) => ({ perSecond, ms: seconds * 1_000 }));

/** What happened beside a load that steps. All times are milliseconds after the load began. */
export interface Course {
  readonly samples: Samples;
  readonly moments: readonly Moment[];
}

/** Enough that a client which waits for a lock does not keep the others from their work. */
const CLIENTS = 12;

type Way = (bench: Bench, rows: number, stop: AbortSignal) => Promise<Pick<Backfill, 'moments'>>;

const walk =
  (options: Parameters<typeof backfill>[1], fixed?: Fixed): Way =>
  (bench, _, stop) =>
    backfill(bench, options, stop, { ...(fixed && { fixed }) });

export const LOOP = 'the loop, at defaults';
export const ALONE = 'no backfill';

/** By their names in tables and in the picture. */
export const ways: Readonly<Record<string, Way>> = {
  [ALONE]: async (_, __, stop) => {
    await new Promise((stopped) => stop.addEventListener('abort', stopped));
    return { moments: [] };
  },
  'one UPDATE': (bench, rows) => watchGrowth(bench, rows, () => oneUpdate(bench)),
  'a duty cycle of 0.4': walk(FORMER_DEFAULT, {
    duty: FORMER_DEFAULT.throttle.dutyCycle,
    batchMs: 100,
  }),
  [LOOP]: walk({}),
};

/** Runs one backfill beside the load, from the load's beginning to its end. */
export async function course(
  bench: Bench,
  rows: number,
  phases: readonly Phase[],
  way: Way,
): Promise<Course> {
  await renewUsers(bench.sql);
  const load = await startLoad(bench, rows, CLIENTS, phases);
  const ms = phases.reduce((all, phase) => all + phase.ms, load.begun) - now();
  // One UPDATE can't be stopped, and may take longer.
  const { moments } = await way(bench, rows, AbortSignal.timeout(Math.round(ms)));
  const left = load.begun + ms - now();
  if (left > 0) await new Promise((ended) => setTimeout(ended, left));
  return {
    samples: await load.stop(),
    moments: moments.map((moment) => ({ ...moment, at: moment.at - load.begun })),
  };
}
