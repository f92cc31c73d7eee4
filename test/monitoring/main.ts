/**
 * `npm run test:monitoring [-- --write]`: checks alerts and dashboard with Prometheus itself, on
 * numbers of real workers. --write draws docs/monitoring/dashboard.svg anew. Needs prometheus and
 * promtool, and takes three minutes.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { projectFolder } from '../../settings/projectFolder';
import { UsageError } from '../../settings/usageError';
import { DARK, LIGHT } from '../bench/steps/theme';
import { waitFor } from '../support/waitFor';
import { course, type Happened } from './course';
import { asSent, readPanels } from './dashboard';
import { type Drawable, drawDashboard } from './picture';
import { ALERTS, type Prometheus, promtool, requirePrometheus } from './prometheus';

const TESTS = path.join(projectFolder, 'test/monitoring/alerts.test.yml');
/** Grafana takes four scrapes at least. */
const RATE_SECONDS = 5;
/** Points in a picture. */
const POINTS = 200;

const result = { passed: 0, failed: 0 };

function check(what: string, problem: string | undefined): void {
  result[problem === undefined ? 'passed' : 'failed'] += 1;
  console.log(problem === undefined ? `ok      ${what}` : `FAILED  ${what}: ${problem}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '120' }, write: { type: 'boolean' } },
  });
  requirePrometheus();
  check('promtool check rules', promtool(['check', 'rules', ALERTS]));
  check('promtool test rules', promtool(['test', 'rules', TESTS]));
  const drawables = await course(Number(values.seconds), async (happened) => {
    await checkPages(happened);
    await checkAlerts(happened.prometheus);
    await checkNumbers(happened);
    return checkPanels(happened);
  });
  if (values.write) {
    const folder = path.join(projectFolder, 'docs/monitoring');
    writeFileSync(path.join(folder, 'dashboard.svg'), drawDashboard(drawables, LIGHT));
    writeFileSync(path.join(folder, 'dashboard-dark.svg'), drawDashboard(drawables, DARK));
  }
}

async function checkPages({ pages }: Happened): Promise<void> {
  for (const page of pages.slice(1)) {
    const text = await (await fetch(`http://${page}/metrics`)).text();
    check('promtool check metrics', promtool(['check', 'metrics'], text));
  }
}

async function checkAlerts(prometheus: Prometheus): Promise<void> {
  const wanted = ['LrmMigrationFailed 0004_fails'];
  let found: string[] = [];
  const fires = async () => {
    const alerts = await prometheus.alerts();
    found = alerts
      .filter(({ state }) => state === 'firing')
      .map(({ name, migration }) => `${name} ${migration ?? ''}`.trim());
    return found.join() === wanted.join();
  };
  const problem = await waitFor('the alerts', fires, 20_000).catch(() => `fired: ${found}`);
  check('the failed migration is the only alert', problem === true ? undefined : String(problem));
}

/** What workers have counted is what the rows say. */
async function checkNumbers({ prometheus, sql, to }: Happened): Promise<void> {
  const [row] = await sql`
    select count(*)::int as attempts from long_running_migrations.attempts
    where outcome is distinct from 'interrupted' and ended_at is not null`;
  // The last page of the worker that was stopped is from before it handed over.
  const expr = 'sum(max_over_time(lrm_attempts_total{outcome!="interrupted"}[1h]))';
  const [series] = await prometheus.range(expr, to, to, 1);
  const counted = series?.values.at(-1)?.[1];
  const same = counted === row?.['attempts'];
  check('attempts counted', same ? undefined : `${counted} instead of ${row?.['attempts']}`);
}

/** Each expression of the dashboard, from the beginning to now. */
async function checkPanels({ prometheus, from, to }: Happened): Promise<Drawable[]> {
  const drawables: Drawable[] = [];
  const step = Math.max(1, Math.ceil((to - from) / POINTS));
  for (const panel of readPanels()) {
    try {
      const series = await Promise.all(
        panel.targets.map(({ expr }) =>
          prometheus.range(asSent(expr, RATE_SECONDS), from, to, step),
        ),
      );
      const empty = series.every((each) => each.every(({ values }) => values.every(isNothing)));
      check(`panel '${panel.title}'`, empty ? 'it shows nothing' : undefined);
      drawables.push({ panel, series, from, to });
    } catch (error) {
      check(`panel '${panel.title}'`, (error as Error).message);
    }
  }
  return drawables;
}

const isNothing = ([, value]: readonly [number, number]): boolean => Number.isNaN(value);

main()
  .catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  })
  .finally(() => {
    console.log(`${result.passed} passed, ${result.failed} failed`);
    if (result.failed > 0) process.exitCode = 1;
  });
