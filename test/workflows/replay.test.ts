import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { projectFolder } from '../../settings/projectFolder';
import { changedBuild, inEachTurn } from '../support/changedBuild';
import { replayFolder } from '../support/history';

// Recorded by `npm run record-histories` from the versions that the folders are named after. A run
// that began on one of them goes on with the code of today.
const histories = path.join(__dirname, 'histories');
const versions = readdirSync(histories);
const recorded = (version: string) => path.join(histories, version);

test('this version has recorded histories', () => {
  const file = path.join(projectFolder, 'package.json');
  // If not: npm run record-histories
  expect(versions).toContain(JSON.parse(readFileSync(file, 'utf8')).version);
});

test.each(versions)('the histories of %s replay', async (version) => {
  const results = await replayFolder(recorded(version));
  expect(Object.keys(results).sort()).toEqual(readdirSync(recorded(version)).sort());
  expect(failedOf(results)).toEqual([]);
});

/** Replays all versions with a statement more in each turn of a run. */
async function replayChanged(statement: string): Promise<string[]> {
  const changed = changedBuild(inEachTurn(statement));
  try {
    const failed: string[] = [];
    for (const version of versions) {
      failed.push(...failedOf(await replayFolder(recorded(version), changed.workflowBundle)));
    }
    return failed;
  } finally {
    changed.remove();
  }
}

const failedOf = (results: Record<string, Error | undefined>): string[] =>
  Object.entries(results).flatMap(([file, error]) => (error ? [`${file}: ${error.message}`] : []));

test('with one sleep more, no run replays', async () => {
  const failed = await replayChanged('await (0, workflow.sleep)(1);');
  const runs = versions.flatMap((version) => readdirSync(recorded(version))).filter(isRun);
  expect(failed).toHaveLength(runs.length);
  for (const each of failed) expect(each).toMatch(/Nondeterminism/);
});

const isRun = (file: string): boolean => !/^tick(-[12]|That\w+)\./.test(file);

test('with the same sleep behind patched(), all do', async () => {
  const sleep = "if ((0, workflow.patched)('one-more-sleep')) await (0, workflow.sleep)(1);";
  expect(await replayChanged(sleep)).toEqual([]);
});
