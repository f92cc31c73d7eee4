import type { Command } from 'commander';
import { condition } from '../../drizzle/conditions';
import {
  acceptSkipped,
  readSkipped,
  readSkippedCount,
  readSkippedCounts,
  type SkippedView,
} from '../../drizzle/rows/skipped';
import { plainText } from '../../settings/plainText';
import { count, oneLine } from '../../settings/screenText';
import { UsageError } from '../../settings/usageError';
import { registeredNames } from '../arguments/names';
import { type Connections, withConnections } from '../connections';
import { time } from '../status/format';
import { keyText } from '../status/keyText';
import { columnsWithNotes } from '../status/layout';
import { answer, asJson, say } from '../terminal/output';
import { terminalWidth } from '../terminal/terminal';
import { requestedBy } from './requestedBy';

/** Nobody reads more rows than this. A script can: --json gives all. */
const ROWS_SHOWN = 200;
/** A name may have any length. Characters. */
const KEY_AT_MOST = 200;
/** More don't fit on a line. */
const TARGETS_NAMED = 5;

export function addSkipped(program: Command): void {
  program
    .command('skipped')
    .description('Lists the rows that a migration has skipped because of their data.')
    .argument('<name>', 'a migration')
    .option('--accept', 'leave them out for good: gates and dependent migrations then pass')
    .addHelpText(
      'after',
      `
Shows each row's key and the error, and no other values. To do the rows again:
npx lrm retry <name> --skipped.

Examples:
  npx lrm skipped 0001_sample
  npx lrm skipped 0001_sample --json | jq -r '.[].key[0]'
  npx lrm skipped 0001_sample --accept`,
    )
    .action(skipped);
}

async function skipped(typed: string, options: { readonly accept?: boolean }): Promise<void> {
  await withConnections(async (connections) => {
    const name = await oneName(connections, typed);
    return options.accept ? accept(connections, name) : list(connections, name);
  });
}

/** @throws UsageError for a job with several targets: rows are accepted of one that was looked at */
async function oneName({ db }: Connections, typed: string): Promise<string> {
  const names = await registeredNames(db, [typed]);
  const [name = '', ...others] = names;
  if (others.length === 0) return name;
  const counts = await readSkippedCounts(db, names);
  const first = [...counts]
    .slice(0, TARGETS_NAMED)
    .map(([each, rows]) => `${each} (${count(rows)})`);
  const more = counts.size - first.length;
  const listed = first.join(', ') + (more > 0 ? ` and ${count(more)} more` : '');
  throw new UsageError(
    `${typed} has ${count(names.length)} targets, with skipped rows: ${listed || 'none'}. Type one of them`,
  );
}

async function accept({ db }: Connections, name: string): Promise<void> {
  const accepted = await acceptSkipped(db, name, requestedBy(undefined).by);
  answer({ name, accepted });
  say(
    accepted > 0
      ? `${name}: ${count(accepted)} skipped rows are accepted. They stay listed`
      : `${name}: all of its skipped rows were accepted before`,
  );
}

async function list({ db }: Connections, name: string): Promise<void> {
  const rows = await readSkipped(db, name, asJson ? undefined : ROWS_SHOWN);
  if (asJson) return answer(rows.map(toJson));
  if (rows.length === 0) return say(`${name} has skipped no rows`);
  const total = await readSkippedCount(db, name);
  const heads = ['Table', 'Walk', 'Key', 'Skipped', 'State'];
  say(columnsWithNotes(heads, rows.map(shown), terminalWidth()));
  if (total > rows.length) say(`and ${count(total - rows.length)} more: add --json for all`);
}

const shown = (row: SkippedView) => ({
  cells: [
    oneLine(row.table, KEY_AT_MOST),
    oneLine(row.walk, KEY_AT_MOST),
    keyText(row.key),
    time(row.skippedAt),
    stateOf(row),
  ],
  note: why(row),
});

function stateOf({ again, acceptedAt }: SkippedView): string {
  if (again) return 'to be done again';
  return acceptedAt ? 'accepted' : '';
}

const why = ({ code, reason }: SkippedView): string =>
  [code ? `${condition(code)} (SQLSTATE ${plainText(code)})` : '', reason]
    .filter(Boolean)
    .join(': ');

/** Scripts rely on these names: add new ones, change none. */
const toJson = (row: SkippedView): Record<string, unknown> => ({
  table: row.table,
  walk: row.walk,
  key: row.key,
  code: row.code,
  reason: row.reason,
  skippedAt: row.skippedAt,
  again: row.again,
  acceptedAt: row.acceptedAt,
  acceptedBy: row.acceptedBy,
});
