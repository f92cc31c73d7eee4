import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../../drizzle/connect';
import type { ChaosSet } from '../../chaosSet';
import type { Fault } from '../../fault';
import { inSeconds, lasts } from '../lasts';
import { processTree } from '../processTree';
import { untilPostgresAnswers, untilTemporalAnswers } from '../servers/answers';
import { anOffset, offsetText } from './offsets';
import { shiftClock, whyNoRunningClock } from './runningClock';

/** The clock of a running server jumps, and jumps back after a while. */
export const serverClocks: readonly Fault[] = [
  {
    kind: "clock of Postgres's machine set",
    part: 'postgres',
    unavailable: whyNoRunningClock,
    inflict: async ({ set, random }) => {
      const seconds = anOffset(random);
      const milliseconds = lasts(random, 5, 40);
      // The postmaster is the first: what it starts from then on has its clock.
      await whileShifted(processTree(set.postgres.pid), seconds, async () => {
        await checkPostgres(set, seconds);
        await sleep(milliseconds);
      });
      await untilPostgresAnswers(set);
      return `${offsetText(seconds)} for ${inSeconds(milliseconds)}`;
    },
  },
  {
    kind: "clock of Temporal's machine set",
    part: 'temporal',
    unavailable: whyNoRunningClock,
    inflict: async ({ set, random }) => {
      const seconds = anOffset(random);
      const milliseconds = lasts(random, 5, 40);
      await whileShifted([set.temporal.pid], seconds, () => sleep(milliseconds));
      await untilTemporalAnswers(set);
      const done = `${offsetText(seconds)} for ${inSeconds(milliseconds)}`;
      if (Math.abs(seconds) < SURVIVED) return done;
      await putRight(set, seconds);
      await untilTemporalAnswers(set);
      return `${done}; then what docs/stuck-migrations.md says`;
    },
  },
];

/** Seconds. Temporal catches up after so much by itself, within as much time. */
const SURVIVED = 60;

/**
 * What docs/stuck-migrations.md says: timers in the server's memory stand still after its clock was set
 * back. After it was ahead they are stored for the time that it showed, also those that are new.
 */
async function putRight({ temporal }: ChaosSet, seconds: number): Promise<void> {
  if (seconds > 0) return temporal.replaceByEmpty();
  await temporal.kill();
  await temporal.start();
}

export async function whileShifted(
  pids: readonly number[],
  seconds: number,
  body: () => Promise<void>,
): Promise<void> {
  const back: (() => Promise<void>)[] = [];
  const [first, ...others] = pids;
  if (first === undefined) throw new Error('no process whose clock to set');
  back.push(await shiftClock(first, seconds));
  try {
    for (const pid of others) {
      // A session may just have ended.
      const undo = await shiftClock(pid, seconds).catch(() => undefined);
      if (undo) back.push(undo);
    }
    await body();
  } finally {
    for (const undo of back) await undo();
  }
}

/** A new session must have the new time, too. @throws Error when it has another one */
async function checkPostgres({ postgres }: ChaosSet, seconds: number): Promise<void> {
  const sql = connect(postgres.url, { max: 1, applicationName: 'chaos' });
  try {
    const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
    const wrong = Number(row?.now) - Date.now() - seconds * 1_000;
    if (!(Math.abs(wrong) < NEAR)) throw new Error(`Postgres's clock is ${wrong} ms wrong`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Milliseconds. */
const NEAR = 10_000;
