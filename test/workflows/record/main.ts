/**
 * `npm run record-histories`: runs each scenario on real servers, and saves the histories of its
 * workflows in test/workflows/histories/<version of the package>/, for replay.test.ts.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { projectFolder } from '../../../settings/projectFolder';
import { findTemporalCli } from '../../../worker/local/temporal/temporalCli';
import { historyText, saveHistory } from '../../support/history';
import { openSite, type Site } from '../../support/site';
import { SCENARIOS } from './scenarios';

const { version } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
const folder = path.join(projectFolder, 'test/workflows/histories', version);

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const site = await openSite(startTemporal);
  try {
    for (const [name, scenario] of Object.entries(SCENARIOS)) await record(site, name, scenario);
  } finally {
    await site.end();
  }
}

/** It suggests a new history after 100 events instead of 4,096. */
async function startTemporal(): Promise<{ address: string; stop(): Promise<unknown> }> {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli(process.env, console.log) },
      extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=100'],
    },
  });
  return { address: environment.address, stop: () => environment.teardown() };
}

async function record(
  site: Site,
  name: string,
  scenario: (typeof SCENARIOS)[string],
): Promise<void> {
  await site.sql`truncate long_running_migrations.migrations cascade`;
  await site.sql`drop table if exists gate`;
  await site.sql`create table gate ()`;
  const jobs = site.jobsFolder();
  const worker = await site.startWorker(jobs, {
    LRM_MAX_CONCURRENT: '2',
    LRM_RETRY_INITIAL_INTERVAL: '50 ms',
  });
  const workflows = await scenario({ ...site, jobs });
  for (const [index, { workflowId, runId }] of workflows.entries()) {
    const history = await site.client.workflow.getHandle(workflowId, runId).fetchHistory();
    requireAnonymous(historyText(history));
    const file = workflows.length === 1 ? name : `${name}-${index + 1}`;
    saveHistory(path.join(folder, `${file}.jsonl.gz`), history);
    console.log(`${file}: ${history.events?.length} events`);
  }
  await worker.stop();
}

/** What names this machine must not get into the repository. */
function requireAnonymous(text: string): void {
  const encoded = [...text.matchAll(/"data":"([^"]*)"/g)];
  const all = [text, ...encoded.map(([, data = '']) => Buffer.from(data, 'base64').toString())];
  for (const secret of [`@${hostname()}`, projectFolder, tmpdir(), process.cwd()]) {
    const found = all.find((each) => each.includes(secret));
    if (found) throw new Error(`a history names ${secret}: ${found.slice(0, 500)}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
