import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../drizzle/refusal';
import { type MigrationView, readMigrations } from '../drizzle/status';
import type { Connections } from './connections';
import { sayWhenInterrupted } from './interrupted';
import { openProgress, type Progress } from './progress';
import type { Run } from './run';
import { type StatusRow, statusRow } from './status/row';

/** A bar that moves twice a second looks alive. Milliseconds. */
const LOOK_EVERY = 500;
/** A run that has just ended is asked about this often: each time is a call to Temporal. */
const ASK_RUN_EVERY = 5_000;

/**
 * Shows the progress of migrations until each has ended. Ctrl-C ends the looking on, not them.
 * @returns how they ended
 * @throws Refusal when the run ended without doing one of them
 */
export async function follow(
  connections: Connections,
  run: Run,
  names: readonly string[],
): Promise<StatusRow[]> {
  const progress = openProgress();
  const close = () => progress.close();
  try {
    return await sayWhenInterrupted(
      'not waiting any longer; the work goes on: npx lrm status --watch',
      () => untilEnded(connections, run, names, progress),
      close,
    );
  } finally {
    close();
  }
}

async function untilEnded(
  { db, settings }: Connections,
  run: Run,
  names: readonly string[],
  progress: Progress,
): Promise<StatusRow[]> {
  let askRunAt = Date.now() + ASK_RUN_EVERY;
  for (;;) {
    // The run first: one that ended after the rows were read may have completed them.
    const due = Date.now() > askRunAt;
    const over = due && (await isOver(run));
    if (due) askRunAt = Date.now() + ASK_RUN_EVERY;
    const rows = await readRows(db, settings.LRM_HEARTBEAT_TIMEOUT, names);
    progress.show(rows);
    if (rows.every(hasEnded)) return rows;
    if (over) throw new Refusal(leftBehind(rows));
    await sleep(LOOK_EVERY);
  }
}

async function readRows(
  db: Connections['db'],
  heartbeatTimeout: number,
  names: readonly string[],
): Promise<StatusRow[]> {
  const views: MigrationView[] = [];
  for (const name of names) views.push(...(await readMigrations(db, heartbeatTimeout, name)));
  return views.map((view) => statusRow(view, null));
}

const isOver = async (run: Run): Promise<boolean> =>
  (await run.describe()).status.name !== 'RUNNING';

/** In progress or waiting is all that may still change by itself. */
const hasEnded = ({ migration }: StatusRow): boolean =>
  !['created', 'in_progress'].includes(migration.status);

function leftBehind(rows: readonly StatusRow[]): string {
  const left = rows
    .filter((row) => !hasEnded(row))
    .map(({ migration, notes }) => {
      const why = notes.length > 0 ? `: ${notes.join('; ')}` : '';
      return `${migration.name} is ${migration.status}${why}`;
    });
  return `the run has ended without completing ${left.join(', and ')}`;
}
