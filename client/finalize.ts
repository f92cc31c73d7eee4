import { type Dependency, openDependencies } from '../drizzle/rows/dependencies';
import { OperationRefused, operationRefused } from '../drizzle/rows/operationRefused';
import { readMigration } from '../drizzle/rows/stop';
import { pending } from '../drizzle/rows/transitions';
import type { Migration } from '../drizzle/schema';
import { fileOf, readCatalog } from '../jobs/catalog';
import { inspectJob } from '../jobs/process/inspectJob';
import type { Connections } from './connections';
import { warn } from './terminal/output';

/**
 * Returns those of `names` that are not completed yet, in the same order.
 * @throws OperationRefused if one can't run: it is not registered, paused, failed or cancelled, or it
 * depends on a migration that is neither completed nor one of `names`
 */
export async function readToFinalize(
  connections: Connections,
  names: readonly string[],
): Promise<string[]> {
  const rows: Migration[] = [];
  for (const name of names) rows.push(await readMigration(connections.db, name));
  const open = rows.filter(({ status }) => status !== 'completed');
  for (const row of open) {
    if (!pending.includes(row.status)) throw operationRefused(row, 'finalize');
    if (row.direction === 'revert') {
      throw new OperationRefused(
        `${row.name} is to be reverted, so it will not be completed: npx lrm status ${row.name}`,
      );
    }
  }
  await refuseUnfinishedDependencies(connections, open);
  return open.map(({ name }) => name);
}

/** The worker checks this, too, but there the migration and the operator would just wait. */
async function refuseUnfinishedDependencies(
  { db, settings }: Connections,
  rows: readonly Migration[],
): Promise<void> {
  const wanted = new Set(rows.map(({ name }) => name));
  const { files } = await readCatalog(settings.LRM_JOBS_DIR);
  for (const { name } of rows) {
    const dependencies = await readDependencies(name, fileOf(files, name));
    // A dependency without a target is completed when all of its targets are, or will be.
    const others = dependencies.filter((dependency) => !wanted.has(dependency.name));
    const open = await openDependencies(db, others, [...wanted]);
    if (open.length > 0) {
      throw new OperationRefused(
        `${name} depends on ${open.join(', ')}: finalize ${open.length > 1 ? 'those' : 'that one'} ` +
          `first, or together with it: npx lrm finalize ${others.map((other) => other.name).join(' ')} ${name}`,
      );
    }
  }
}

async function readDependencies(
  name: string,
  file: string | undefined,
): Promise<readonly Dependency[]> {
  if (!file) {
    warn(`there is no file ${name} here; a worker that has it checks its dependencies`);
    return [];
  }
  const inspection = await inspectJob(file, { errorDetail: 'safe' });
  return inspection.kind === 'facts' ? inspection.facts.dependsOn : [];
}
