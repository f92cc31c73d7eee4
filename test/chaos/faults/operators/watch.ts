import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSet } from '../../chaosSet';
import { bad, json, type Operator, requireClear } from '../support/lrm';

/** What `lrm status --json` says of a migration, as far as it is checked here. */
interface Shown {
  readonly name: string;
  readonly status: string;
  readonly running: boolean;
  readonly attempts: number;
  readonly percent: number | null;
  readonly rowsDone: number;
  readonly completedAt: string | null;
}

const STATUSES = [
  'created',
  'in_progress',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'reverted',
];

/**
 * Asks for the status again and again while something is done, and checks each answer by itself and
 * against the one before.
 * @returns what the work returned
 * @throws BadAnswer when a status contradicts itself; else what the work throws
 */
export async function watched<T>(
  set: ChaosSet,
  operator: Operator,
  work: () => Promise<T>,
): Promise<T> {
  let goOn = true;
  const worked = work().finally(() => {
    goOn = false;
  });
  const [done] = await Promise.all([worked, watch(set, operator, () => goOn)]);
  return done;
}

async function watch(set: ChaosSet, operator: Operator, goOn: () => boolean): Promise<void> {
  let before = new Map<string, Shown>();
  do {
    const now = await readStatus(set, operator);
    for (const row of now.values()) requireAfter(before.get(row.name), row);
    before = now;
    await sleep(LOOK_EVERY);
  } while (goOn());
}

/** Each answer costs a process. Milliseconds. */
const LOOK_EVERY = 1_500;

async function readStatus(set: ChaosSet, operator: Operator): Promise<Map<string, Shown>> {
  const args = ['status', '--json'];
  // Not in the timeline: it would be most of it.
  const result = await set.lrm(operator, ...args);
  requireClear(args, result);
  if (result.code !== 0) throw bad(args, result, 'it was refused');
  const rows = json(args, result.stdout, result);
  if (!Array.isArray(rows)) throw bad(args, result, 'it is not an array');
  for (const row of rows as Shown[]) {
    const why = contradiction(row);
    if (why) throw bad(args, { ...result, stdout: JSON.stringify(row) }, `${row.name} ${why}`);
  }
  return new Map((rows as Shown[]).map((row) => [row.name, row]));
}

/** What can't be, whatever has happened. */
function contradiction(row: Shown): string | undefined {
  if (!STATUSES.includes(row.status)) return 'has an unknown status';
  if (row.running && row.status !== 'in_progress') return 'runs and is not in progress';
  if (row.running && row.attempts < 1) return 'runs without an attempt';
  if (row.status === 'completed' && row.completedAt === null) return 'is completed at no time';
  if (row.percent !== null && !(row.percent >= 0 && row.percent <= 100)) return 'is beyond 100 %';
  if (!(row.rowsDone >= 0)) return 'has done less than nothing';
  return undefined;
}

function requireAfter(before: Shown | undefined, now: Shown): void {
  if (!before) return;
  const wrong =
    now.attempts < before.attempts
      ? 'has fewer attempts than before'
      : before.status === 'completed' && now.status !== 'completed'
        ? 'was completed and is not any more'
        : undefined;
  if (wrong) {
    throw new Error(`lrm status: ${now.name} ${wrong}: ${JSON.stringify([before, now])}`);
  }
}
