import { count, median, spread, type Table, TIMES } from '../figures';
import { ABOUT_LOAD, KINDS, prepareLoad } from '../load/load';
import type { Phase } from '../load/schedule';
import type { Samples } from '../load/thread';
import type { Bench } from '../server';
import { makeUsers } from '../users';
import { ALONE, type Course, course, LOOP, steppingPhases, ways } from './course';
import { BUDGET, spans, speedIn, untilFullSpeed, untilWithinBudget, within } from './judge';
import { ALT, drawSteps } from './picture';

/** Each takes a minute and more. */
const ROUNDS_AT_MOST = 3;
/** Two cores do most of it in a minute. */
const LARGER = 20;

/** One course of each way, by its name. */
type Round = Readonly<Record<string, Course>>;

/** Watches backfills while an application comes, grows and goes away again. */
export async function steps(
  bench: Bench,
  size: number,
  rounds: number,
  seconds: number,
): Promise<Table> {
  const rows = size * LARGER;
  const phases = steppingPhases(seconds);
  await makeUsers(bench.sql, rows);
  await prepareLoad(bench);
  const measured: Round[] = [];
  for (let number = 1; number <= Math.min(rounds, ROUNDS_AT_MOST); number++) {
    const round: Record<string, Course> = {};
    for (const [name, way] of Object.entries(ways)) {
      round[name] = await course(bench, rows, phases, way);
      console.log(`  round ${number}, ${name}: ${Math.round(done(round[name]) / 1e3)} k rows`);
    }
    measured.push(round);
  }
  return { ...report(rows, phases, measured), pictures: drawSteps(typical(measured), phases) };
}

const done = ({ moments }: Course): number => moments.at(-1)?.done ?? 0;

/** The round in which the loop did the median of rows: a picture can show just one. */
function typical(rounds: readonly Round[]): Round {
  const loop = (round: Round) => (round[LOOP] ? done(round[LOOP]) : Number.NaN);
  const middle = median(rounds.map(loop));
  return rounds.find((round) => loop(round) === middle) ?? {};
}

export function report(rows: number, phases: readonly Phase[], rounds: readonly Round[]): Table {
  const names = Object.keys(ways).filter((name) => name !== ALONE);
  const courses = (name: string) => rounds.flatMap((round) => round[name] ?? []);
  const alone = courses(ALONE);
  const [quiet, ...loaded] = spans(phases);
  const [some, many, quietAgain] = loaded;
  if (!quiet || !some || !many || !quietAgain) throw new Error('the load needs four phases');
  const speeds = (name: string) => [
    ...[quiet, some, many, quietAgain].map((span) =>
      spread(
        courses(name).map(({ moments }) => speedIn(moments, span) / 1_000),
        0,
      ),
    ),
    spread(
      courses(name).map(({ moments }) => untilFullSpeed(moments, quiet, quietAgain)),
      1,
    ),
  ];
  const times = (name: string, kind: keyof Samples) =>
    [some, many].flatMap((span) => [
      ...Object.values(TIMES).map((figure) =>
        spread(
          courses(name).map(
            ({ samples }, round) =>
              figure(within(samples[kind], span)) /
              figure(within(alone[round]?.samples[kind] ?? [], span)),
          ),
          1,
        ),
      ),
      spread(
        courses(name).map(({ samples }, round) =>
          untilWithinBudget(samples[kind], alone[round]?.samples[kind] ?? [], span),
        ),
        1,
      ),
    ]);
  const label = (index: number) => `${phases[index]?.perSecond}/s`;
  return {
    title: 'A load that steps',
    text:
      `An application that is not there, comes with ${label(1)}, grows to ${label(2)} and goes away ` +
      `again, ${(quiet.until - quiet.from) / 1_000} seconds each. ${ABOUT_LOAD} ${count(rows)} rows, ` +
      `twelve connections, ${rounds.length} rounds; the picture shows the round in which the loop did ` +
      `the median of rows.\n\n${PICTURE}\n\n` +
      '1,000 rows/s of the backfill, and seconds from the end of the load until it is back at 0.9 of ' +
      'its own speed before; median (min–max). – means that the table was done before.',
    head: ['', 'nobody', label(1), label(2), 'nobody again', 'back at full speed after, s'],
    rows: names.map((name) => [name, ...speeds(name)]),
    more: [
      {
        text:
          "The application's times, as ratios to the same phase without a backfill in the same " +
          'round; and the seconds from the step until their mean was within the budget of ' +
          `${BUDGET}, for two seconds and for all that was left of the phase.`,
        head: [
          '',
          ...[label(1), label(2)].flatMap((load) => [
            ...Object.keys(TIMES).map((figure) => `${load}: ${figure}`),
            'within budget after, s',
          ]),
        ],
        rows: Object.keys(KINDS).flatMap((kind) =>
          names.map((name) => [
            `${name}: ${KINDS[kind as keyof Samples]}`,
            ...times(name, kind as keyof Samples),
          ]),
        ),
      },
    ],
  };
}

/** GitHub shows the one that fits the reader's theme. */
const PICTURE = `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="load-steps-dark.svg">
  <img alt="${ALT}" src="load-steps.svg">
</picture>`;
