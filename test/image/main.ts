/**
 * `npm run test:image -- <image>`: runs an image that was built from this checkout as a hardened cluster
 * would, with an embedded Postgres and a Temporal dev server. Needs Docker, or see container.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '../../drizzle/connect';
import { startDevServers } from '../../worker/local/devServers';
import { findTemporalCli } from '../../worker/local/temporal/temporalCli';
import { createJobsFolder } from '../support/jobsFolder';
import { type Place, STEPS } from './steps';

async function main(image: string | undefined): Promise<boolean> {
  if (!image) throw new Error('which image? npm run test:image -- long-running-migrations');
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-servers-'));
  const cli = await findTemporalCli(process.env, console.log);
  const servers = await startDevServers({
    folder,
    temporary: true,
    fresh: false,
    postgres: { settings: { fsync: 'off' } },
    temporal: { cli, uiPort: null, persistent: false, namespaces: [] },
  });
  const jobs = createJobsFolder();
  const { databaseUrl = '', temporalAddress = '' } = servers.endpoints;
  const sql = connect(databaseUrl, { applicationName: 'test' });
  const env = { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: temporalAddress };
  try {
    return await tryAll({ image, sql, env, jobs });
  } finally {
    jobs.remove();
    await sql.end();
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryAll(place: Place): Promise<boolean> {
  let failed = 0;
  for (const [name, step] of STEPS) {
    const begin = Date.now();
    const problem = await step(place).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    console.log(`${problem === undefined ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (problem !== undefined) console.log(problem.replace(/^/gm, '         '));
    if (problem !== undefined) failed++;
  }
  console.log(`\n${STEPS.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

main(process.argv[2]).then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  },
);
