import { type InlineResult, runInline } from '../../activities/runInline';
import type { Database } from '../../drizzle/database';
import { skippedNote } from '../../drizzle/rows/skipped';
import { plainText } from '../../settings/plainText';
import { readSettings, type Settings } from '../../settings/settings';
import { withDeps } from '../../worker/inline';
import { registeredNames } from '../arguments/names';
import { AlreadyReported } from '../errors/explain';
import type { StatusRow } from '../status/row';
import { readRows } from '../terminal/follow';
import { answer, say, warn } from '../terminal/output';
import { openProgress } from '../terminal/progress';
import { commandLog } from './commandLog';
import { showWhileRunning } from './showWhileRunning';
import { untilInterrupted } from './untilInterrupted';

/**
 * `lrm run --inline`: runs pending migrations in this process, without Temporal.
 * @param typed the migrations; none: all that are pending
 * @throws AlreadyReported when one of them is not completed at the end
 */
export async function runHere(typed: readonly string[]): Promise<void> {
  const settings = readSettings();
  const progress = openProgress();
  const log = commandLog(settings.LRM_LOG_LEVEL, (line) => progress.say(line));
  const concurrency = settings.LRM_MAX_CONCURRENT;
  try {
    await withDeps({ settings, log, concurrency }, async (deps) => {
      const names = typed.length > 0 ? await registeredNames(deps.db, typed) : undefined;
      const results = await untilInterrupted(progress, (signal) =>
        showWhileRunning(deps, progress, (onEvent) =>
          runInline(deps, { names, concurrency, signal, onEvent }),
        ),
      );
      progress.close();
      await report(deps.db, settings, names ?? [], results);
    });
  } finally {
    progress.close();
  }
}

async function report(
  db: Database,
  settings: Settings,
  names: readonly string[],
  results: readonly InlineResult[],
): Promise<void> {
  const all = [...new Set([...names, ...results.map(({ name }) => name)])];
  const reasons = new Map(results.map(({ name, reason }) => [name, reason]));
  const rows = await readRows(db, settings.LRM_HEARTBEAT_TIMEOUT, all);
  answer(rows.map((row) => entry(row, reasons.get(row.migration.name) ?? null)));
  if (rows.length === 0) say('nothing to run: no migration is pending');
  const open = rows.filter((row) => !isCompleted(row));
  if (rows.length > 0) say(`completed: ${rows.length - open.length}`);
  for (const { migration, skipped } of rows.filter(isCompleted)) {
    const note = skippedNote(migration.name, skipped);
    if (note) warn(note);
  }
  for (const row of open) {
    const { name, status } = row.migration;
    say(plainText(`${status}: ${name}: ${why(row, reasons.get(name) ?? null)}`));
  }
  if (open.length > 0) throw new AlreadyReported();
}

const isCompleted = ({ migration }: StatusRow): boolean => migration.status === 'completed';

/** The error of a failed one stands in its row. */
const why = ({ notes }: StatusRow, reason: string | null): string => reason ?? notes.join('; ');

const entry = (row: StatusRow, reason: string | null) => ({
  name: row.migration.name,
  status: row.migration.status,
  result: isCompleted(row) ? 'completed' : null,
  skipped: row.skipped,
  error: isCompleted(row) ? null : why(row, reason),
});
