import { and, asc, eq, inArray, notInArray, sql } from 'drizzle-orm';
import { pending } from '../drizzle/rows/transitions';
import { openDependencies } from '../drizzle/rows/unfinished';
import { type Migration, migrations } from '../drizzle/schema';
import { readCatalog } from '../jobs/catalog';
import { inspectJob } from '../jobs/process/inspectJob';
import type { ListInput, Listing, NotStarted, Ready } from './contract';
import type { Deps } from './deps';
import { type AttemptLimits, limitsOf } from './limits';
import { readOverview } from './overview';

/** Names in one listing at most: payloads stay small, however many are registered. */
const NAMES_AT_MOST = 100;
/** Of a hundred dependencies the first few say enough. Characters. */
const REASON_AT_MOST = 400;
/** Rows looked at together. */
const PAGE = 200;

/**
 * Finds what can be started now, in order of registration: as many as there are free slots. One
 * whose dependencies are not done or whose code this worker lacks is left as it is, and the row
 * says why; no attempt is counted.
 */
export async function listPendingMigrations(deps: Deps, input: ListInput): Promise<Listing> {
  const { files } = await readCatalog(deps.settings.LRM_JOBS_DIR);
  const slots = input.only
    ? input.only.length
    : Math.max(0, deps.settings.LRM_MAX_CONCURRENT - (input.running.length - input.extra));
  const ready: Ready[] = [];
  const left: NotStarted[] = [];
  let count = 0;
  const full = () => ready.length >= Math.min(slots, NAMES_AT_MOST);
  for (let after: Pending | undefined; ; ) {
    const page = await readPage(deps, input, after);
    for (const row of page) {
      const file = files.get(row.name);
      // That a file is missing is cheap to know; what one depends on may take a process to find out.
      if (slots > 0 && full() && file) continue;
      const reason = await whyNot(deps, file, row);
      if (reason !== null) {
        count++;
        if (left.length < NAMES_AT_MOST) left.push({ name: row.name, reason });
      } else if (file && !full()) ready.push(await withLimits(deps, file, row.name));
    }
    after = page.at(-1);
    // With no free slot the first page tells what is left.
    if (page.length < PAGE || full()) break;
  }
  return {
    ready,
    left: { count, first: left },
    overview: await readOverview(deps.db, [...input.running, ...ready.map(({ name }) => name)]),
    settings: { retryInitialInterval: deps.settings.LRM_RETRY_INITIAL_INTERVAL },
  };
}

/** Not the whole row: a checkpoint may be large. */
const COLUMNS = {
  name: migrations.name,
  createdAt: migrations.createdAt,
  waitsFor: migrations.waitsFor,
};
type Pending = Pick<Migration, keyof typeof COLUMNS>;

function readPage(deps: Deps, input: ListInput, after: Pending | undefined): Promise<Pending[]> {
  const busy = [...input.running, ...(input.only ? [] : input.skip)];
  return deps.db
    .select(COLUMNS)
    .from(migrations)
    .where(
      and(
        inArray(migrations.status, [...pending]),
        busy.length > 0 ? notInArray(migrations.name, busy) : undefined,
        input.only ? inArray(migrations.name, [...input.only]) : undefined,
        after
          ? sql`(${migrations.createdAt}, ${migrations.name}) > (${after.createdAt.toISOString()}::timestamptz, ${after.name})`
          : undefined,
      ),
    )
    .orderBy(asc(migrations.createdAt), asc(migrations.name))
    .limit(PAGE);
}

/** Why it can't be started, which its row then says too; null when it can. */
async function whyNot(deps: Deps, file: string | undefined, row: Pending): Promise<string | null> {
  const reason = file ? await unfinishedDependencies(deps, file, row.name) : noFile(row.name);
  if (reason !== null && reason !== row.waitsFor) {
    deps.log.warn({ migration: row.name }, `left as it is: ${reason}`);
    await deps.db
      .update(migrations)
      .set({ waitsFor: reason, updatedAt: sql`now()` })
      .where(and(eq(migrations.name, row.name), inArray(migrations.status, [...pending])));
  }
  return reason;
}

const noFile = (name: string): string =>
  `no file ${name} on the worker that looked; deploy its code, or: npx lrm cancel ${name}`;

/** Names of what it waits for, with their statuses; null when all is done or its code can't be read. */
async function unfinishedDependencies(
  deps: Pick<Deps, 'db' | 'settings'>,
  file: string,
  name: string,
): Promise<string | null> {
  const inspection = await inspectJob(file, deps.settings.LRM_ERROR_DETAIL);
  // An attempt finds out what is wrong with it, and says so on the row.
  if (inspection.kind !== 'facts' || inspection.facts.dependsOn.length === 0) return null;
  const wanted = [...new Set(inspection.facts.dependsOn)];
  if (wanted.includes(name)) return 'waits for itself; mend its dependsOn';
  const unfinished = await openDependencies(deps.db, wanted);
  return unfinished.length > 0
    ? `waits for ${unfinished.join(', ')}`.slice(0, REASON_AT_MOST)
    : null;
}

async function withLimits(deps: Deps, file: string, name: string): Promise<Ready> {
  const { startToClose, heartbeatTimeout } = await limitsFor(deps, file);
  return { name, startToCloseTimeout: startToClose, heartbeatTimeout };
}

/** The settings' own where the job's can't be read or can't work: its attempt will say so. */
async function limitsFor(deps: Deps, file: string): Promise<AttemptLimits> {
  const inspection = await inspectJob(file, deps.settings.LRM_ERROR_DETAIL);
  try {
    return limitsOf(deps.settings, inspection.kind === 'facts' ? inspection.facts.options : {});
  } catch {
    return limitsOf(deps.settings, {});
  }
}
