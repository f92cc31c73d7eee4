import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../settings/projectFolder';
import { type DevServers, startDevServers } from '../worker/local/devServers';
import { findTemporalCli } from '../worker/local/temporal/temporalCli';
import { createTemplate } from './support/template';
import { offer } from './support/testServers';

declare global {
  // Handed from jest's globalSetup to its globalTeardown, which share nothing else.
  var testServersProcess: DevServers | undefined;
}

/** Builds dist/ (workers and jobs run compiled) and starts one Postgres and one Temporal for all. */
export default async function setup(): Promise<void> {
  build();
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-test-'));
  globalThis.testServersProcess = await startDevServers({
    folder,
    temporary: true,
    fresh: false,
    postgres: { settings: TEST_DATABASE },
    temporal: {
      cli: await findTemporalCli(process.env, console.log),
      uiPort: null,
      persistent: false,
      namespaces: [],
    },
  });
  const { databaseUrl, temporalAddress } = globalThis.testServersProcess.endpoints;
  if (!databaseUrl || !temporalAddress) throw new Error('the dev servers gave no addresses');
  offer({ databaseUrl, temporalAddress, compiledCode: path.join(folder, 'compiled') });
  await createTemplate(databaseUrl);
}

/** For speed: safe from a killed process, not from a power cut. */
export const TEST_DATABASE = { fsync: 'off', full_page_writes: 'off', max_connections: '300' };

function build(): void {
  // .ci/test has just built.
  if (process.env['LRM_TEST_BUILT']) return;
  const { status } = spawnSync(process.execPath, ['bin/build.js'], {
    cwd: projectFolder,
    stdio: 'inherit',
  });
  // What could be compiled was: enough for the tests of other parts while one is being written.
  if (status !== 0) console.error('\nThe build has errors; the tests run on what it made.');
}
