import type { Overview, OverviewRow } from '../activities/contract';
import type { RunResult } from './contract';
import { escapeMarkdown } from './markdown';

/** The Web UI puts no space between the columns of a table. An em space is one that HTML keeps. */
const GAP = '\u2003';

/** What Current Details are built from. */
export interface RunSnapshot {
  readonly overview: Overview;
  readonly result: RunResult;
  /** Migrations whose activity the run has started. */
  readonly running: ReadonlySet<string>;
  /** Inputs and signals that could not be used, one line each. */
  readonly ignored: readonly string[];
}

/**
 * What the Web UI shows under 'Current Details', in Markdown. The run updates it at each start, end
 * and change of status. Rows and speed change more often: they are in the heartbeat details. The
 * panel is narrow, so the table has only short columns; notes and commands are below it.
 */
export function currentDetails({ overview, result, running, ignored }: RunSnapshot): string {
  const { completedWithSkipped = 0 } = overview;
  const partly = completedWithSkipped > 0 ? ` (${completedWithSkipped} with skipped rows)` : '';
  const counts = Object.entries(overview.counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}${status === 'completed' ? partly : ''}`);
  const reasons = new Map(result.left.first.map(({ name, reason }) => [name, reason]));
  const rows = overview.rows.map(
    (row) => `| ${statusOf(row)}${GAP} | ${row.attempts}${GAP} | ${text(row.name)} |`,
  );
  const notes = overview.rows.flatMap((row) =>
    notesOf(row, running.has(row.name), reasons.get(row.name)),
  );
  const left = result.left.first
    .filter(({ name }) => !overview.rows.some((row) => row.name === name))
    .map(({ name, reason }) => `- ${text(name)}: ${text(reason)}`);
  return [
    `**${text(counts.join(', ')) || 'nothing registered'}**`,
    '',
    // The name is last: a long one must not push the other columns out of sight.
    `| status${GAP} | attempts${GAP} | migration |`,
    '| :--- | :--- | :--- |',
    ...rows,
    ...section('Notes and commands', notes),
    ...section('Not started', left),
    ...section(
      'Ignored',
      ignored.map((line) => `- ${text(line)}`),
    ),
    '',
    "Live figures (rows, rows/s, ETA): 'Pending Activities', heartbeat details; or `npx lrm status --watch`.",
  ].join('\n');
}

/** Completed with skipped rows is not plain `completed`. */
const statusOf = ({ status, skipped = 0 }: OverviewRow): string =>
  skipped > 0 && (status === 'completed' || status === 'reverted')
    ? `${status}, ${skipped} skipped`
    : status;

const section = (head: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? ['', `**${head}**`, '', ...lines] : [];

const text = escapeMarkdown;

/** A line about the migration. The command is on its own line: long text must not hide it. */
function notesOf(
  row: OverviewRow,
  running: boolean,
  notStartedBecause: string | undefined,
): string[] {
  const skipped = row.skipped ? `rows skipped: ${row.skipped}` : '';
  const why = [reason(row, running, notStartedBecause), skipped].filter(Boolean).join('; ');
  const command = COMMANDS[row.status] ?? (skipped && 'skipped');
  if (!why && !command) return [];
  const typed = command ? `\n  \`npx lrm ${command} ${row.name}\`` : '';
  return [`- ${text(row.name)}${why ? `: ${text(why)}` : ''}${typed && `  ${typed}`}`];
}

const COMMANDS: Partial<Record<OverviewRow['status'], string>> = {
  in_progress: 'pause',
  failed: 'retry',
  paused: 'resume',
};

function reason(row: OverviewRow, running: boolean, notStartedBecause: string | undefined): string {
  const why = reasonOf(row, running, notStartedBecause);
  const note = row.direction === 'revert' ? REVERTING[row.status] : undefined;
  return [note, why].filter(Boolean).join('; ');
}

/** The error of a failed one says the same. */
const REVERTING: Partial<Record<OverviewRow['status'], string>> = {
  created: 'to be reverted',
  in_progress: 'reverting',
  paused: 'while reverting',
};

function reasonOf(
  row: OverviewRow,
  running: boolean,
  notStartedBecause: string | undefined,
): string {
  switch (row.status) {
    case 'in_progress':
      if (row.error) return `last error: ${row.error}`;
      if (row.waitsFor) return `waits: ${row.waitsFor}`;
      return running ? '' : 'continues when its turn comes';
    case 'failed':
      return row.error ?? '';
    case 'created':
      if (running) return 'waits for a worker to begin it';
      return row.waitsFor ?? notStartedBecause ?? 'waits for its turn';
    default:
      return '';
  }
}
