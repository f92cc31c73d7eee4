/**
 * `npm run test:points [-- kill|freeze|cut [kind …] [group …]]`: stops a statement at every named point, before and
 * after, and there kills its process, freezes it for longer than the heartbeat timeout, or cuts the
 * connection. Each migration must be completed, each row be done once.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalCli } from '../../../../worker/local/temporal/temporalCli';
import { openSite, type Site } from '../../../support/site';
import { textOf } from '../../faults/points/coverage';
import { openPostgresWire } from '../openPostgresWire';
import { POINTS, RARE_POINTS } from '../points/points';
import type { Point } from '../postgresWire';
import { ACTIONS, type Action, type Bench, breakEvery, passedByKind, SETTINGS } from './bench';
import { KINDS } from './kinds';

async function main(): Promise<void> {
  const [action = 'kill', ...words] = process.argv.slice(2);
  const kinds = words.filter((word) => Object.hasOwn(KINDS, word));
  const groups = words.filter((word) => !kinds.includes(word));
  if (!isAction(action) || groups.some((group) => !GROUPS.has(group))) {
    console.error(
      `type: npm run test:points -- ${ACTIONS.join('|')} [kind …] [group …]\n` +
        `kinds: ${Object.keys(KINDS).join(' ')}\ngroups: ${[...GROUPS].join(' ')}`,
    );
    process.exitCode = 2;
    return;
  }
  const site = await openSite(startTemporal);
  try {
    const chosen = kinds.length > 0 ? kinds : Object.keys(KINDS);
    await proveAll(await openBench(site), action, chosen, groups);
  } finally {
    await site.end();
  }
}

const groupOf = (name: string): string => name.split(': ')[0] ?? '';
const GROUPS = new Set([...POINTS, ...RARE_POINTS].map(groupOf));

const isAction = (text: string): text is Action => (ACTIONS as readonly string[]).includes(text);

async function proveAll(
  bench: Bench,
  action: Action,
  kinds: readonly string[],
  groups: readonly string[],
): Promise<void> {
  const begun = performance.now();
  const passed = await passedByKind(bench, kinds);
  const seen = new Set<string>();
  const missed: Point[] = [];
  const wrong: string[] = [];
  let hit = 0;
  for (const kind of kinds) {
    // Each point once, with the first kind that passes it.
    const names = [...(passed.get(kind) ?? [])].filter(
      (name) => !seen.has(name) && (groups.length === 0 || groups.includes(groupOf(name))),
    );
    const points = names.flatMap((name): Point[] => [
      { name, when: 'before' },
      { name, when: 'after' },
    ]);
    for (const name of names) seen.add(name);
    const result = await breakEvery(bench, kind, points, action, (what) =>
      console.log(`- ${what}`),
    );
    const found = result.wrong.length === 0 ? 'each row done once' : result.wrong.join('; ');
    console.log(`${kind}: ${action} at ${result.hit.length} points, ${found}`);
    hit += result.hit.length;
    missed.push(...result.missed);
    wrong.push(...result.wrong);
  }
  const by = missed.filter(({ name }) => !BY_CHANCE.includes(name)).map(textOf);
  if (by.length > 0) wrong.push(`nothing stopped at these: ${by.join(', ')}`);
  const seconds = Math.round((performance.now() - begun) / 1_000);
  if (wrong.length > 0) throw new Error(`after ${hit} points:\n${wrong.join('\n')}`);
  console.log(`passed: ${action} at ${hit} points, each row done once, in ${seconds} s`);
}

/** Sent from time to time. A short migration may end before. */
const BY_CHANCE = ['beat: attempt', 'beat: migration', 'waiters', 'ddl: progress', 'inside?'];

async function openBench(site: Site): Promise<Bench> {
  const url = new URL(site.databaseUrl);
  const wire = await openPostgresWire(url.host);
  url.host = wire.address;
  const jobs = site.jobsFolder();
  const { sql } = site;
  const env = { ...SETTINGS, DATABASE_URL: url.href };
  return {
    sql,
    wire,
    jobs,
    startWorker: () => site.startWorker(jobs, env),
    run: () => site.succeeds(SETTINGS, 'run'),
  };
}

async function startTemporal(): Promise<{ address: string; stop(): Promise<unknown> }> {
  const cli = await findTemporalCli(process.env, console.log);
  const temporal = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: cli } },
  });
  return { address: temporal.address, stop: () => temporal.teardown() };
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
