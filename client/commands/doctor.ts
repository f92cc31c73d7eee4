import type { Command } from 'commander';
import { addressOf } from '../../activities/connecting/whyUnreachable';
import type { Settings } from '../../settings/settings';
import { type Finding, failed, ok } from '../../worker/health/finding';
import { jobRoleProblem } from '../../worker/jobRole';
import { type Connections, withAnyConnections } from '../connections';
import { checkClock, checkTemporalClock } from '../doctor/clock';
import { checkDatabase, checkPooler } from '../doctor/database';
import { checkJobs } from '../doctor/jobs';
import { checkOtherDatabase } from '../doctor/otherDatabase';
import { checkPayloads } from '../doctor/payloads';
import { checkTemporal } from '../doctor/temporal';
import { AlreadyReported, explain } from '../errors/explain';
import { hanging } from '../status/wrap';
import { answer, say } from '../terminal/output';
import { colors, terminalWidth } from '../terminal/terminal';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Checks the whole setup, and says what to type where something is wrong.')
    .addHelpText(
      'after',
      `
Checks database, rights, tables, timeouts, pooler, clocks, further databases
(LRM_DATABASE_<NAME>_URL), Temporal, namespace, worker, run, Schedule,
encryption and jobs folder. Changes nothing. Exits 1 if a check failed; a warning is not a failure.

Example:
  npx lrm doctor`,
    )
    .action(doctor);
}

async function doctor(): Promise<void> {
  await withAnyConnections(async (connections) => {
    const [here, there, others, temporal] = await Promise.all([
      attempted('jobs', () => checkJobs(connections.settings.LRM_JOBS_DIR)),
      database(connections),
      otherDatabases(connections),
      attempted('temporal', async () =>
        checkTemporal(await connections.temporal(), address(connections)),
      ),
    ]);
    const payloads = checkPayloads(connections.settings.payloadKeys);
    const findings = [...there, ...others, ...temporal, payloads, ...here];
    const isGood = findings.every(({ state }) => state !== 'failed');
    answer({ ok: isGood, checks: findings });
    for (const finding of findings) say(line(finding));
    if (!isGood) throw new AlreadyReported();
  });
}

/** In this order: each check needs what the one before it found. */
async function database({ sql, settings }: Connections): Promise<Finding[]> {
  const found = await attempted('database', () => checkDatabase(sql));
  const isThere = found.some(({ check, state }) => check === 'database' && state !== 'failed');
  if (!isThere) return found;
  const hasTables = found.some(({ check, state }) => check === 'tables' && state === 'ok');
  return [
    ...found,
    ...(await attempted('pooler', async () => [await checkPooler(settings.databaseUrl)])),
    ...(await attempted('clock', async () => [await checkClock(sql)])),
    ...(hasTables ? await attempted('clock', () => checkTemporalClock(sql)) : []),
    ...(hasTables ? await attempted('job role', () => checkJobRole(settings)) : []),
  ];
}

async function otherDatabases({ db, settings: { databases } }: Connections): Promise<Finding[]> {
  const found = Object.keys(databases).map((name) =>
    attempted(`database ${name}`, async () => [await checkOtherDatabase(databases, name, db)]),
  );
  return (await Promise.all(found)).flat();
}

async function checkJobRole(settings: Settings): Promise<Finding[]> {
  if (settings.LRM_JOB_DATABASE_URL === undefined) return [];
  const problem = await jobRoleProblem(settings);
  if (problem !== undefined) return [failed('job role', problem, null)];
  return [ok('job role', 'jobs can run under the role of LRM_JOB_DATABASE_URL')];
}

const address = ({ settings }: Connections): string =>
  addressOf(settings.temporal.connectionOptions);

/** An error that a check throws becomes its finding. */
async function attempted(check: string, work: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await work();
  } catch (error) {
    return [failed(check, explain(error).line, null)];
  }
}

const paint: Readonly<Record<Finding['state'], (text: string) => string>> = {
  ok: colors.green,
  warning: colors.yellow,
  failed: colors.red,
};

function line({ check, state, message, next }: Finding): string {
  const label = `${paint[state](state.padEnd(8))} ${check.padEnd(10)} `;
  return hanging(label, next ? `${message}. Next: ${next}` : message, terminalWidth());
}
