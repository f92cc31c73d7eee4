import { type MigrationView, readMigrations } from '../../drizzle/rows/status';
import { pending } from '../../drizzle/rows/transitions';
import { sameNumber } from '../../jobs/catalog';
import type { Connections } from '../connections';
import { explain } from '../errors/explain';
import { runTrouble } from '../temporal/runTrouble';
import { readTemporalState, type TemporalState } from '../temporal/state';

/** Everything that `lrm status` shows. */
export interface Report {
  readonly migrations: readonly MigrationView[];
  /** Null when Temporal doesn't answer: then `warnings` says so. */
  readonly temporal: TemporalState | null;
  /** What an operator should know, a line each. */
  readonly warnings: readonly string[];
}

/** More of one kind push the table off the screen. */
const OF_A_KIND = 5;

/** As many time limits in a row without progress are no accident any more. */
const FRUITLESS_LIMITS = 3;

/** Reads both sides at once, so that a Temporal that is down costs no more than its timeout. */
export async function readReport(connections: Connections, name?: string): Promise<Report> {
  const { db, settings } = connections;
  const asked = readTemporal(connections);
  const [rows] = await Promise.allSettled([
    readMigrations(db, settings.LRM_HEARTBEAT_TIMEOUT, name),
    // Also when Postgres fails: closing the connection under a question ends in an exception.
    asked,
  ]);
  if (rows.status === 'rejected') throw rows.reason;
  const migrations = rows.value;
  const temporal = await asked;
  const state = typeof temporal === 'string' ? null : temporal;
  const warnings = [
    ...(typeof temporal === 'string' ? [temporal] : []),
    ...first(sameNumber(migrations.map(({ migration }) => migration.name))),
    ...first(migrations.filter(isFruitless).map(fruitless)),
    ...(state ? runTroubles(state) : []),
    ...(state ? missingParts(state, migrations) : []),
  ];
  return { migrations, temporal: state, warnings };
}

/** The state, or a line on why there is none. */
async function readTemporal(connections: Connections): Promise<TemporalState | string> {
  try {
    return await readTemporalState(await connections.temporal());
  } catch (error) {
    return `${explain(error).line}; what follows comes from Postgres alone`;
  }
}

function first(warnings: readonly string[]): string[] {
  const more = warnings.length - OF_A_KIND;
  const shown = warnings.slice(0, OF_A_KIND);
  return more > 0 ? [...shown, `and ${more} more of that kind`] : shown;
}

const isFruitless = ({ migration, timeoutsWithoutProgress }: MigrationView): boolean =>
  migration.status === 'in_progress' && timeoutsWithoutProgress >= FRUITLESS_LIMITS;

const fruitless = ({ migration, timeoutsWithoutProgress }: MigrationView): string =>
  `${migration.name} met its time limit ${timeoutsWithoutProgress} times in a row without progress: a ` +
  'step of it takes longer than an attempt may (options.startToCloseTimeout in its file, or LRM_START_TO_CLOSE)';

/** Also where no migration waits: the next ones will. */
function runTroubles({ run, workers }: TemporalState): string[] {
  const trouble = runTrouble(run?.task ?? null, workers);
  return trouble === null ? [] : [trouble.line];
}

/** What keeps waiting migrations from being run. */
function missingParts(state: TemporalState, migrations: readonly MigrationView[]): string[] {
  const waiting = migrations.some(({ migration }) => pending.includes(migration.status));
  if (!waiting) return [];
  const warnings = [];
  if (state.workers.length === 0) {
    warnings.push('no worker has been polling lately: start one (npm run worker)');
  }
  if (!state.run && !state.schedule) {
    warnings.push('nothing starts a run: npx lrm schedule, or npx lrm run for one now');
  } else if (!state.run && state.schedule?.paused) {
    warnings.push('the Schedule is paused: nothing starts a run but npx lrm run');
  }
  return warnings;
}
