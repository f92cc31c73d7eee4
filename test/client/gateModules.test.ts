import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { built } from '../../settings/projectFolder';
import { cleanEnvironment } from '../support/environment';
import { testServers } from '../support/testServers';

/** Runs it in a process of its own, and returns the files of other packages that it has loaded. */
async function loadedBy(source: string): Promise<string[]> {
  const script = `(async () => {
    ${source}
    const files = Object.keys(require.cache);
    const loaded = files.map((file) => file.split('node_modules/')[1]).filter(Boolean);
    console.log(JSON.stringify(loaded.sort()));
  })()`;
  const env = cleanEnvironment({ DATABASE_URL: testServers().databaseUrl });
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
  return JSON.parse(stdout);
}

/** Of Drizzle only the reader of the journal, which loads nothing else. */
const LEAN = ['drizzle-orm/migrator.cjs', 'fastest-levenshtein/mod.js'];

const gate = JSON.stringify(built('gate.js'));

// An application loads the gate at each start, and may have nothing of ours but the gate.
test('the gate loads no Temporal, no Drizzle classes and nothing of the command line', async () => {
  expect(await loadedBy(`require(${gate});`)).toEqual(LEAN);
});

test('nor does it when it is called', async () => {
  const loaded = await loadedBy(`
    await require(${gate}).requireCompleted(['0001_sample']).catch(() => {});`);
  expect(loaded).toEqual(LEAN);
});
