import type { Overview, OverviewRow } from '../activities/contract';
import type { RunResult } from './contract';
import { escapeMarkdown } from './markdown';

/** What Current Details are made of. */
export interface AlreadyReported {
  readonly overview: Overview;
  readonly result: RunResult;
  /** Names of those whose activity the run has started. */
  readonly running: ReadonlySet<string>;
  /** Inputs and signals that could not be used, a line each. */
  readonly ignored: readonly string[];
}

/**
 * What the Web UI shows under 'Current Details', in Markdown, renewed at each start, end and change
 * of status. What moves meanwhile (rows, speed) is in the heartbeat details. The panel is narrow:
 * the table has short columns only, and what to know and to type stands on lines below it.
 */
export function currentDetails({ overview, result, running, ignored }: AlreadyReported): string {
  const counts = Object.entries(overview.counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const reasons = new Map(result.left.first.map(({ name, reason }) => [name, reason]));
  const rows = overview.rows.map(
    (row) => `| ${row.status} | ${row.attempts} | ${text(row.name)} |`,
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
    // The name last: a long one must not push the others out of sight.
    '| status | attempts | migration |',
    '| --- | :---: | --- |',
    ...rows,
    ...section('What to know, and to type', notes),
    ...section('Left as they are', left),
    ...section(
      'Ignored',
      ignored.map((line) => `- ${text(line)}`),
    ),
    '',
    "Live figures (rows, rows/s, ETA): 'Pending Activities', heartbeat details; or `npx lrm status --watch`.",
  ].join('\n');
}

const section = (head: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? ['', `**${head}**`, '', ...lines] : [];

const text = escapeMarkdown;

/** A line on the migration, and below it what can be typed, on a line of its own. */
function notesOf(row: OverviewRow, running: boolean, leftBecause: string | undefined): string[] {
  const why = reason(row, running, leftBecause);
  const command = COMMANDS[row.status];
  if (!why && !command) return [];
  const typed = command ? `\n  \`npx lrm ${command} ${row.name}\`` : '';
  return [`- ${text(row.name)}${why ? `: ${text(why)}` : ''}${typed && `  ${typed}`}`];
}

const COMMANDS: Partial<Record<OverviewRow['status'], string>> = {
  in_progress: 'pause',
  failed: 'retry',
  paused: 'resume',
};

function reason(row: OverviewRow, running: boolean, leftBecause: string | undefined): string {
  switch (row.status) {
    case 'in_progress':
      if (row.error) return `last error: ${row.error}`;
      if (row.waitsFor) return `waits: ${row.waitsFor}`;
      return running ? '' : 'goes on when its turn comes';
    case 'failed':
      return row.error ?? '';
    case 'created':
      if (running) return 'waits for a worker to begin it';
      return row.waitsFor ?? leftBecause ?? 'waits for its turn';
    default:
      return '';
  }
}
