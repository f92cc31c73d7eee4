/**
 * `npm run chaos:mutants [-- name…]`: plants faults into builds of their own, and sees that the checker
 * of the chaos runs finds each of them. Names are those of mutants; default: all. The same scenarios
 * with the unchanged build must be without a finding.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { built } from '../../../settings/projectFolder';
import { UsageError } from '../../../settings/usageError';
import type { Finding } from '../checks/index';
import { buildMutant } from './build';
import { findMutant, MUTANTS } from './list/index';
import type { Mutant } from './mutant';
import { type Played, play } from './play';
import { findScenario } from './scenarios/index';
import type { Scenario } from './scenarios/scenario';
import { type StageServers, startStageServers } from './stage/servers';
import { isCaught, table, type Verdict } from './verdict';

async function main(): Promise<void> {
  const { mutants, list, controls } = readArguments();
  if (list) {
    for (const { name, breaks } of MUTANTS) console.log(`${name}: ${breaks}`);
    return;
  }
  removeAllAtTheEnd();
  const servers = await startStageServers();
  try {
    const scenarios = [...new Set(mutants.map(({ scenario }) => findScenario(scenario)))];
    let wrong = 0;
    for (const scenario of controls ? scenarios : []) wrong += await control(servers, scenario);
    const verdicts: Verdict[] = [];
    for (const mutant of mutants) verdicts.push(await tryOut(servers, mutant));
    console.log(`\n${table(verdicts)}\n`);
    const missed = verdicts.filter((verdict) => !isCaught(verdict));
    console.log(`${verdicts.length - missed.length} of ${verdicts.length} mutants caught`);
    if (wrong > 0 || missed.length > 0) process.exitCode = 1;
  } finally {
    await servers.stop();
  }
}

/** Everything of this run lies in one folder. All processes end with this one, also at Ctrl-C. */
function removeAllAtTheEnd(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-planted-'));
  // Postgres does not run as root.
  chmodSync(folder, 0o711);
  process.env['TMPDIR'] = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
}

interface Arguments {
  readonly mutants: readonly Mutant[];
  readonly list: boolean;
  readonly controls: boolean;
}

function readArguments(): Arguments {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { list: { type: 'boolean' }, 'no-controls': { type: 'boolean' } },
    });
    const mutants = positionals.length > 0 ? positionals.map(findMutant) : MUTANTS;
    return { mutants, list: values.list ?? false, controls: !values['no-controls'] };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @returns 1 when the unchanged build does not stand the scenario, else 0 */
async function control(servers: StageServers, scenario: Scenario): Promise<number> {
  const played = await play(servers, scenario, built('workerMain.js'));
  const { findings, seconds } = played;
  const clean = findings.length === 0;
  console.log(
    `unchanged: ${scenario.name}: ${clean ? 'nothing found' : 'FOUND'} (${seconds.toFixed(0)} s)`,
  );
  show(findings);
  return clean ? 0 : 1;
}

async function tryOut(servers: StageServers, mutant: Mutant): Promise<Verdict> {
  const scenario = findScenario(mutant.scenario);
  const build = buildMutant(mutant);
  try {
    const played: Played = await play(servers, scenario, build.worker);
    const verdict = { mutant, scenario, played };
    const broken = played.works || mutant.refuses ? '' : ', because nothing works any more';
    console.log(
      `${mutant.name}: ${isCaught(verdict) ? 'caught' : `NOT CAUGHT${broken}`} (${played.seconds.toFixed(0)} s)`,
    );
    show(played.findings);
    return verdict;
  } finally {
    build.remove();
  }
}

function show(findings: readonly Finding[]): void {
  for (const { check, what } of findings) console.log(`  ${check}: ${what}`);
}

main().catch((error) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
