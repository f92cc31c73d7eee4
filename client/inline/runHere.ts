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
  const outcomes = new Map(results.map((result) => [result.name, result]));
  const ended = (await readRows(db, settings.LRM_HEARTBEAT_TIMEOUT, all)).map((row) =>
    describe(row, outcomes.get(row.migration.name)),
  );
  answer(ended);
  if (ended.length === 0) say('nothing to run: no migration is pending');
  const count = (wanted: string) => ended.filter(({ result }) => result === wanted).length;
  if (ended.length > 0) say(`completed: ${count('completed')}`);
  if (count('reverted') > 0) say(`reverted: ${count('reverted')}`);
  for (const { name, skipped } of ended.filter(({ result }) => result !== null)) {
    const note = skippedNote(name, skipped);
    if (note) warn(`${name}: ${note}`);
  }
  const open = ended.filter(({ result }) => result === null);
  for (const { name, status, error } of open) say(plainText(`${status}: ${name}: ${error}`));
  if (open.length > 0) throw new AlreadyReported();
}

/** `result` is null when it is not done. The error of a failed one stands in its row. */
function describe({ migration, notes, skipped }: StatusRow, ended: InlineResult | undefined) {
  const { name, status } = migration;
  // Reverted before: then whoever named it wanted it to run.
  const done = status === 'completed' || (status === 'reverted' && ended?.outcome === 'reverted');
  return {
    name,
    status,
    result: done ? status : null,
    skipped,
    error: done ? null : (ended?.reason ?? notes.join('; ')),
  };
}
