import { OperationRefused, operationRefused } from '../drizzle/rows/operationRefused';
import { readMigration } from '../drizzle/rows/stop';
import { pending } from '../drizzle/rows/transitions';
import { openDependencies } from '../drizzle/rows/unfinished';
import type { Migration } from '../drizzle/schema';
import { readCatalog } from '../jobs/catalog';
import { inspectJob } from '../jobs/process/inspectJob';
import type { Connections } from './connections';
import { warn } from './terminal/output';

/**
 * The named migrations that are still to be done, in the order given.
 * @throws OperationRefused for one that can't be run as it is: not registered, paused, failed, cancelled,
 * or waiting for one that is neither completed nor among them
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
  }
  await refuseUnfinishedDependencies(connections, open);
  return open.map(({ name }) => name);
}

/** The worker checks them, too; but it would leave the migration waiting, and so the operator. */
async function refuseUnfinishedDependencies(
  { db, settings }: Connections,
  rows: readonly Migration[],
): Promise<void> {
  const wanted = new Set(rows.map(({ name }) => name));
  const { files } = await readCatalog(settings.LRM_JOBS_DIR);
  for (const { name } of rows) {
    const dependencies = await readDependencies(name, files.get(name));
    const others = dependencies.filter((dependency) => !wanted.has(dependency));
    const open = await openDependencies(db, others);
    if (open.length > 0) {
      throw new OperationRefused(
        `${name} depends on ${open.join(', ')}: finalize ${open.length > 1 ? 'those' : 'that one'} ` +
          `first, or together with it: npx lrm finalize ${others.join(' ')} ${name}`,
      );
    }
  }
}

async function readDependencies(
  name: string,
  file: string | undefined,
): Promise<readonly string[]> {
  if (!file) {
    warn(`there is no file ${name} here; a worker that has it checks what it depends on`);
    return [];
  }
  const inspection = await inspectJob(file, 'safe');
  return inspection.kind === 'facts' ? inspection.facts.dependsOn : [];
}
