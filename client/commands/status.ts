import type { Command } from 'commander';
import { NotRegistered } from '../../drizzle/rows/operationRefused';
import { count } from '../../settings/screenText';
import { UsageError } from '../../settings/usageError';
import { type Meant, meantBy } from '../arguments/names';
import { type Connections, withConnections } from '../connections';
import { details } from '../status/details';
import { footer } from '../status/footer';
import { firstTargets, groupTargets } from '../status/groups';
import { toJson } from '../status/json';
import { readOne } from '../status/one';
import { type Report, readReport } from '../status/report';
import { type StatusRow, statusRow } from '../status/row';
import { table } from '../status/table';
import { watch } from '../status/watch';
import { hanging } from '../status/wrap';
import { answer, asJson, warn } from '../terminal/output';
import { colors, terminalWidth } from '../terminal/terminal';

interface Options {
  readonly watch?: boolean;
  readonly all?: boolean;
}

/** Nobody reads more attempts than this. A script can: --json gives more. */
const ATTEMPTS_SHOWN = 20;
const ATTEMPTS_AS_JSON = 1_000;

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('Shows all migrations, or one with its attempts.')
    .argument('[name]', 'a migration, or a job with its targets')
    .option('--watch', 'update the screen until q or Ctrl-C')
    .option('--all', 'also show the older completed ones')
    .addHelpText(
      'after',
      `
The targets of a job are one line; with the job's name, one line each.

Exits 0 whatever the migrations' state; use npx lrm check to test it. Without
Temporal it shows what Postgres knows, with a warning.

Examples:
  npx lrm status --watch
  npx lrm status 0001_sample
  npx lrm status --json | jq -r '.[] | select(.status == "failed") | .name'`,
    )
    .action(status);
}

async function status(typed: string | undefined, options: Options): Promise<void> {
  if (options.watch) refuseWatch();
  await withConnections(async (connections) => {
    const [meant] = typed === undefined ? [] : await meantBy(connections.db, [typed]);
    if (asJson) return printJson(connections, meant);
    if (options.watch)
      return watch(async () => withWarnings(await read(connections, meant, options)));
    const { text, warnings } = await read(connections, meant, options);
    for (const warning of warnings) warn(warning);
    console.log(text);
  });
}

function refuseWatch(): void {
  if (asJson) throw new UsageError("--watch and --json can't be used together: type one of them");
  if (!process.stdout.isTTY)
    throw new UsageError('--watch needs a terminal; type npx lrm status without it');
}

interface Screen {
  readonly text: string;
  readonly warnings: readonly string[];
}

async function read(
  connections: Connections,
  meant: Meant | undefined,
  options: Options,
): Promise<Screen> {
  const report = await readReport(connections, which(meant));
  const rows = statusRows(report, meant);
  const body = await bodyOf(connections, meant, rows, options.all === true);
  return { text: [body, footer(report.temporal)].filter(Boolean).join('\n\n'), ...report };
}

async function bodyOf(
  { db }: Connections,
  meant: Meant | undefined,
  rows: readonly StatusRow[],
  all: boolean,
): Promise<string> {
  const [only] = rows;
  if (meant === undefined || !only) return table(groupTargets(rows), all);
  if (isOne(meant)) return details(only, await readOne(db, only.migration.name, ATTEMPTS_SHOWN));
  const { shown, more } = firstTargets(rows, all);
  const rest =
    more > 0 ? [colors.dim(`and ${count(more)} more: npx lrm status ${meant.name} --all`)] : [];
  return [table(shown, all), ...rest].join('\n');
}

/** A job stands for all of its targets, which are a table. */
const isOne = ({ names }: Meant): boolean => names.length === 1;

const which = (meant: Meant | undefined): string | { job: string } | undefined =>
  meant && (isOne(meant) ? meant.names[0] : { job: meant.name });

async function printJson(connections: Connections, meant: Meant | undefined): Promise<void> {
  const report = await readReport(connections, which(meant));
  const rows = statusRows(report, meant);
  const [only] = rows;
  const one =
    meant && isOne(meant) && only
      ? await readOne(connections.db, only.migration.name, ATTEMPTS_AS_JSON)
      : undefined;
  for (const warning of report.warnings) warn(warning);
  answer(rows.map((row) => toJson(row, one)));
}

function statusRows({ migrations, temporal }: Report, meant: Meant | undefined): StatusRow[] {
  if (meant !== undefined && migrations.length === 0) throw new NotRegistered(meant.name);
  return migrations.map((view) => statusRow(view, temporal));
}

const withWarnings = ({ text, warnings }: Screen): string =>
  [
    text,
    // A line that the terminal wraps itself would shift the frame.
    ...warnings.map((warning) => colors.yellow(hanging('', warning, terminalWidth()))),
  ].join('\n');
