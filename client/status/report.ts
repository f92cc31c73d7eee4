import { describeInbox, readInbox } from '../../drizzle/rows/registrations';
import { isPending, type MigrationView, readMigrations } from '../../drizzle/rows/status';
import { sameNumber } from '../../jobs/catalog';
import type { Connections } from '../connections';
import { explain } from '../errors/explain';
import { runTrouble } from '../temporal/runTrouble';
import { readTemporalState, type TemporalState } from '../temporal/state';

/** Everything that `lrm status` shows. */
export interface Report {
  readonly migrations: readonly MigrationView[];
  /** Null when Temporal does not answer; `warnings` then says so. */
  readonly temporal: TemporalState | null;
  /** What an operator should know, one line for each thing. */
  readonly warnings: readonly string[];
}

/** More warnings of one kind would push the table off the screen. */
const OF_A_KIND = 5;

/** One timeout without progress can be an accident. This many in a row are not. */
const TIMEOUTS_WITHOUT_PROGRESS = 3;

/** Reads Postgres and Temporal at once, so that only one of two timeouts is waited for. */
export async function readReport(
  connections: Connections,
  which?: string | { readonly job: string },
): Promise<Report> {
  const { db, settings } = connections;
  const asked = readTemporal(connections);
  const [rows] = await Promise.allSettled([
    readMigrations(db, settings.LRM_HEARTBEAT_TIMEOUT, which),
    // Waited for even when Postgres fails: closing the connection during a call would throw.
    asked,
  ]);
  if (rows.status === 'rejected') throw rows.reason;
  const migrations = rows.value;
  const temporal = await asked;
  const state = typeof temporal === 'string' ? null : temporal;
  const warnings = [
    ...(typeof temporal === 'string' ? [temporal] : []),
    ...first(describeInbox(await readInbox(db.$client))),
    ...first(sameNumber(migrations.map(({ migration }) => migration.name))),
    ...first(migrations.filter(makesNoProgress).map(noProgress)),
    ...(state ? runTroubles(state) : []),
    ...(state ? missingParts(state, migrations) : []),
  ];
  return { migrations, temporal: state, warnings };
}

/** The state, or one line on why there is none. */
async function readTemporal(connections: Connections): Promise<TemporalState | string> {
  try {
    return await readTemporalState(await connections.temporal());
  } catch (error) {
    return `${explain(error).line}; this comes from Postgres alone`;
  }
}

function first(warnings: readonly string[]): string[] {
  const more = warnings.length - OF_A_KIND;
  const shown = warnings.slice(0, OF_A_KIND);
  return more > 0 ? [...shown, `and ${more} more like that`] : shown;
}

const makesNoProgress = ({ migration, timeoutsWithoutProgress }: MigrationView): boolean =>
  migration.status === 'in_progress' && timeoutsWithoutProgress >= TIMEOUTS_WITHOUT_PROGRESS;

const noProgress = ({ migration, timeoutsWithoutProgress }: MigrationView): string =>
  `${migration.name} reached its time limit ${timeoutsWithoutProgress} times in a row without progress: a ` +
  'step takes longer than its limit (options.startToCloseTimeout in its file, or LRM_START_TO_CLOSE)';

/** Reported even when no migration waits: the next ones will. */
function runTroubles({ run, pending, ...workers }: TemporalState): string[] {
  const trouble = runTrouble(run, workers);
  const keyProblems = [...pending].flatMap(([activity, { keyProblem }]) =>
    keyProblem === null ? [] : [`${activity} can't start ${keyProblem}`],
  );
  return [...(trouble === null ? [] : [trouble.line]), ...first(keyProblems)];
}

/** Why waiting migrations are not run. */
function missingParts(state: TemporalState, migrations: readonly MigrationView[]): string[] {
  if (!migrations.some(isPending)) return [];
  const warnings = [];
  if (state.workers.length === 0) {
    warnings.push('no worker has polled lately: start one (npx lrm worker)');
  }
  if (!state.run && !state.schedule) {
    warnings.push('nothing starts a run: npx lrm schedule, or npx lrm run for one now');
  } else if (!state.run && state.schedule?.paused) {
    warnings.push('the Schedule is paused, so only npx lrm run starts a run');
  }
  return warnings;
}
