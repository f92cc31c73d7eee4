import type { Overview, OverviewRow } from '../activities/contract';
import type { RunResult } from './contract';

/**
 * What the Web UI shows under 'Current Details': a Markdown table, renewed at each start, end and
 * change of status. What moves meanwhile (rows, speed) is in the heartbeat details.
 */
export function currentDetails(overview: Overview, result: RunResult): string {
  const counts = Object.entries(overview.counts).map(([status, count]) => `${count} ${status}`);
  const rows = overview.rows.map(
    (row) => `| ${row.name} | ${row.status} | ${row.attempts} | ${note(row)} |`,
  );
  const left = result.left.first
    .filter(({ name }) => !overview.rows.some((row) => row.name === name))
    .map(({ name, reason }) => `- ${name}: ${cell(reason)}`);
  return [
    `**${counts.join(', ') || 'nothing registered'}**`,
    '',
    '| migration | status | attempts | last error, what it waits for, what to type |',
    '| --- | --- | ---: | --- |',
    ...rows,
    ...(left.length > 0 ? ['', '**Left as they are**', '', ...left] : []),
    '',
    "Live figures (rows, rows/s, ETA): 'Pending Activities', heartbeat details; or `npx lrm status --watch`.",
  ].join('\n');
}

/** One narrow column: the panel beside it leaves no room for more. */
function note(row: OverviewRow): string {
  switch (row.status) {
    case 'in_progress':
    case 'failed':
      return cell(row.error ?? row.waitsFor) || `\`npx lrm pause ${row.name}\``;
    case 'paused':
      return `\`npx lrm resume ${row.name}\``;
    case 'created':
      return cell(row.waitsFor) || 'starts when a slot is free';
    default:
      return '';
  }
}

/** An error text may hold what would end the cell or the table. */
function cell(text: string | null): string {
  return (text ?? '').replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
