import type { Command } from 'commander';
import { NotRegistered } from '../../drizzle/rows/operationRefused';
import { UsageError } from '../../settings/usageError';
import { registeredNames } from '../arguments/names';
import { type Connections, withConnections } from '../connections';
import { details } from '../status/details';
import { footer } from '../status/footer';
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
    .argument('[name]', 'a migration')
    .option('--watch', 'update the screen until q or Ctrl-C')
    .option('--all', 'also show the older completed ones')
    .addHelpText(
      'after',
      `
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
    const [name] = typed === undefined ? [] : await registeredNames(connections.db, [typed]);
    if (asJson) return printJson(connections, name);
    if (options.watch)
      return watch(async () => withWarnings(await read(connections, name, options)));
    const { text, warnings } = await read(connections, name, options);
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
  name: string | undefined,
  options: Options,
): Promise<Screen> {
  const report = await readReport(connections, name);
  const rows = statusRows(report, name);
  const [only] = rows;
  const body =
    name !== undefined && only
      ? details(only, await readOne(connections.db, name, ATTEMPTS_SHOWN))
      : table(rows, options.all === true);
  return { text: [body, footer(report.temporal)].filter(Boolean).join('\n\n'), ...report };
}

async function printJson(connections: Connections, name: string | undefined): Promise<void> {
  const report = await readReport(connections, name);
  const one =
    name === undefined ? undefined : await readOne(connections.db, name, ATTEMPTS_AS_JSON);
  for (const warning of report.warnings) warn(warning);
  const rows = statusRows(report, name).map((row) => toJson(row, one));
  answer(rows);
}

function statusRows({ migrations, temporal }: Report, name: string | undefined): StatusRow[] {
  if (name !== undefined && migrations.length === 0) throw new NotRegistered(name);
  return migrations.map((view) => statusRow(view, temporal));
}

const withWarnings = ({ text, warnings }: Screen): string =>
  [
    text,
    // A line that the terminal wraps itself would shift the frame.
    ...warnings.map((warning) => colors.yellow(hanging('', warning, terminalWidth()))),
  ].join('\n');
