import type { ChaosSet } from '../../chaosSet';
import { type Fault, NothingToBreak, type Target } from '../../fault';
import { PATIENCE, whileItRuns } from '../support/attempts';
import { askJson, succeeds } from '../support/lrm';
import { pass } from '../support/pause';
import { readRow, untilRow } from '../support/rows';
import { type Answer, CONTRADICTIONS, type Contradiction } from './contradictions';

/** One of the two wins. The other one is told so in one line. */
export const contradictoryCommands: Fault = {
  kind: 'contradictory commands of two operators at once',
  part: 'operators',
  needs: ['postgres'],
  weight: 3,
  inflict: async (target) => {
    const rounds: string[] = [];
    for (let round = target.random.integer(1, 3); round > 0; round--) {
      rounds.push(await contradict(target, target.random.pick(CONTRADICTIONS)));
    }
    return rounds.join('; ');
  },
};

async function contradict(
  { set, random }: Target,
  { moves, wrong }: Contradiction,
): Promise<string> {
  const running = await whileItRuns(set, PATIENCE);
  if (running.length === 0) throw new NothingToBreak('no migration runs that could be steered');
  const { migration } = random.pick(running);
  const say = async (operator: 1 | 2, move: string) => {
    await pass(random.fork(`operator ${operator}`), 0, 1_500);
    return askJson(set, operator, move, migration);
  };
  const [first, second] = await Promise.all([say(1, moves[0]), say(2, moves[1])]);
  const { status } = await readRow(set, migration);
  const text =
    `${moves[0]} (${first.result ?? 'refused'}) and ${moves[1]} (${second.result ?? 'refused'}) ` +
    `of ${migration}, then ${status}`;
  const why = wrong(first, second, status) ?? notNamed(migration, first, second);
  if (why) throw new Error(`${why}: ${text}: ${JSON.stringify([first, second])}`);
  await letGo(set, migration);
  return text;
}

/** A refusal says of what it speaks. */
const notNamed = (migration: string, ...answers: readonly Answer[]): string | undefined =>
  answers.some(({ code, error }) => code === 1 && !error?.includes(migration))
    ? 'a refusal does not name the migration'
    : undefined;

/** Lets a migration go on if it is stopped: all must be completed in the end. */
export async function letGo(set: ChaosSet, name: string): Promise<void> {
  const { status } = await untilRow(
    set,
    name,
    'be stopped or to go on',
    (row) => row.status !== 'in_progress' || (row.request !== 'pause' && row.request !== 'cancel'),
  );
  if (status === 'paused') await succeeds(set, 1, 'resume', name);
  if (status === 'cancelled') await succeeds(set, 1, 'retry', name);
}
