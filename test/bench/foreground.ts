import { type Backfill, backfill } from './backfill';
import { oneUpdate } from './contestants';
import { count, spread, type Table, TIMES } from './figures';
import { ABOUT_LOAD, KINDS, now, prepareLoad, startLoad } from './load/load';
import type { Sample, Samples } from './load/thread';
import type { Bench } from './server';
import { makeUsers, renewUsers } from './users';

/** Of the load. Far below what two cores can do, like an application in normal use. */
const CLIENTS = 4;
const PER_SECOND = 200;
const PHASES = [{ perSecond: PER_SECOND, ms: Number.POSITIVE_INFINITY }];
/** Seconds that each backfill is watched, and that the load is measured alone just before. */
const WATCHED = 12;
const ALONE = 8;
/** A table of the size that the other parts use would be done before. */
const LARGER = 4;

/** Fills the users until it is done or stopped. Returns the rows done. */
type Filled = Pick<Backfill, 'begun' | 'ended'> & { readonly rows: number };
type Beside = (bench: Bench, rows: number) => Promise<Filled>;

export const FORMER_DEFAULT = { throttle: { dutyCycle: 0.4 }, lanes: 1 } as const;
const FORMER = 'the former default';

const watched =
  (options: Parameters<typeof backfill>[1]): Beside =>
  async (bench) => {
    const stop = AbortSignal.timeout(WATCHED * 1_000);
    const { begun, ended, moments } = await backfill(bench, options, stop);
    return { begun, ended, rows: moments.at(-1)?.done ?? 0 };
  };

const beside: Readonly<Record<string, Beside>> = {
  'one UPDATE': async (bench, rows) => {
    const begun = now();
    await oneUpdate(bench);
    return { begun, ended: now(), rows };
  },
  [FORMER]: watched(FORMER_DEFAULT),
  '`throttle: false`, 1 lane': watched({ throttle: false, lanes: 1 }),
  'at defaults': watched({}),
};

/** The load during a backfill, and without one just before. */
interface Pair {
  readonly alone: Samples;
  readonly beside: Samples;
  readonly rowsPerSecond: number;
}

/** Measures how a backfill slows down an application in use. */
export async function foreground(bench: Bench, size: number, rounds: number): Promise<Table> {
  const rows = size * LARGER;
  await makeUsers(bench.sql, rows);
  await prepareLoad(bench);
  const measured = new Map(Object.keys(beside).map((name) => [name, [] as Pair[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, fill] of Object.entries(beside)) {
      const pair = await measure(bench, rows, fill);
      measured.get(name)?.push(pair);
      console.log(
        `  round ${round + 1}, beside ${name}: ${Math.round(pair.rowsPerSecond / 1e3)} k rows/s`,
      );
    }
  }
  return report(rows, rounds, measured);
}

async function measure(bench: Bench, rows: number, fill: Beside): Promise<Pair> {
  await renewUsers(bench.sql);
  const quiet = await startLoad(bench, rows, CLIENTS, PHASES);
  await new Promise((ended) => setTimeout(ended, ALONE * 1_000));
  const alone = await quiet.stop();
  const load = await startLoad(bench, rows, CLIENTS, PHASES);
  const filled = await fill(bench, rows);
  const rowsPerSecond = (filled.rows * 1_000) / (filled.ended - filled.begun);
  return { alone, beside: await load.stop(), rowsPerSecond };
}

function report(
  rows: number,
  rounds: number,
  measured: ReadonlyMap<string, readonly Pair[]>,
): Table {
  const former = measured.get(FORMER) ?? [];
  const speed = (pairs: readonly Pair[]) => [
    spread(
      pairs.map(({ rowsPerSecond }) => rowsPerSecond / 1_000),
      0,
    ),
    spread(pairs.map((pair, round) => pair.rowsPerSecond / (former[round]?.rowsPerSecond ?? 0))),
  ];
  return {
    title: 'The application beside a backfill',
    text:
      `Four connections with ${PER_SECOND} transactions per second in all. ${ABOUT_LOAD} ` +
      `${count(rows)} rows; each backfill is watched for ${WATCHED} seconds (one UPDATE: to its ` +
      `end), and the application alone for ${ALONE} seconds just before. ${rounds} rounds, median ` +
      '(min–max). The former default is `throttle: { dutyCycle: 0.4 }, lanes: 1`; ratios are to it ' +
      'in the same round.',
    head: ['', '1,000 rows/s', `to ${FORMER}`],
    rows: [...measured].map(([name, pairs]) => [name, ...speed(pairs)]),
    more: [
      {
        text: "The application's transactions in milliseconds, alone and beside the backfill.",
        head: ['', ...Object.keys(TIMES).flatMap((name) => [`${name} alone`, 'beside', 'ratio'])],
        rows: Object.keys(KINDS).flatMap((kind) =>
          [...measured].map(([name, pairs]) => [
            `${name}: ${KINDS[kind as keyof Samples]}`,
            ...times(pairs, kind as keyof Samples),
          ]),
        ),
      },
    ],
  };
}

function times(pairs: readonly Pair[], kind: keyof Samples): string[] {
  const ms = (samples: readonly Sample[]) => samples.map((sample) => sample.ms);
  return Object.values(TIMES).flatMap((figure) => {
    const alone = pairs.map((pair) => figure(ms(pair.alone[kind])));
    const with_ = pairs.map((pair) => figure(ms(pair.beside[kind])));
    const ratios = with_.map((value, round) => value / (alone[round] ?? 0));
    return [spread(alone), spread(with_), spread(ratios)];
  });
}
