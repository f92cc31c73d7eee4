import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';

/** A copy of the built package with other workflow code, as a newer version of it would have. */
export interface ChangedBuild {
  /** Runs a worker of it. */
  readonly worker: string;
  readonly workflowBundle: string;
  remove(): void;
}

/**
 * Copies the built package, and changes the workflow code in the copy.
 * @param change gets the text of the workflow bundle. What it returns must differ
 */
export function changedBuild(change: (bundle: string) => string): ChangedBuild {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-build-'));
  const copied = (file: string) => path.join(folder, file);
  cpSync(path.join(projectFolder, 'dist'), copied('dist'), {
    recursive: true,
    filter: (from) =>
      !from.endsWith('.map') && !from.startsWith(path.join(projectFolder, 'dist/test')),
  });
  for (const file of ['package.json', 'drizzle/sql', 'bin/lrm.js']) {
    cpSync(path.join(projectFolder, file), copied(file), { recursive: true });
  }
  symlinkSync(path.join(projectFolder, 'node_modules'), copied('node_modules'));
  const workflowBundle = copied('dist/workflowBundle.js');
  const before = readFileSync(workflowBundle, 'utf8');
  const after = change(before);
  if (after === before) throw new Error('the workflow code has not changed');
  writeFileSync(workflowBundle, after);
  return {
    worker: copied('dist/workerMain.js'),
    workflowBundle,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Adds a statement at the beginning of each turn of a run. `workflow` is @temporalio/workflow. */
export const inEachTurn =
  (statement: string) =>
  (bundle: string): string =>
    bundle.replace(
      'await keepHistoryShort(record);\n\trecord.stale = false;',
      (found) => `${statement.replaceAll('workflow.', '_temporalio_workflow.')}\n${found}`,
    );
