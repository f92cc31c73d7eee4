import { revertNote, statusText } from '../../drizzle/rows/direction';
import { jobChangedText } from '../../drizzle/rows/jobFile';
import { lastError, requestText } from '../../drizzle/rows/notes';
import { rowsText } from '../../drizzle/rows/progressText';
import type { StepView } from '../../drizzle/rows/status';
import type { Attempt } from '../../drizzle/schema';
import { plainText } from '../../settings/plainText';
import { bar, count, oneLine, seconds } from '../../settings/screenText';
import { colors, terminalWidth } from '../terminal/terminal';
import { time } from './format';
import { keyText } from './keyText';
import { columnsWithNotes, type NotedRow, widthOf } from './layout';
import type { OneMigration } from './one';
import type { StatusRow } from './row';
import { shownStatus } from './table';
import { hanging } from './wrap';

/** Some lines of a terminal. Characters. */
const INPUT_AT_MOST = 500;

/** One migration: its state, its steps, and its attempts. The latest attempt comes first. */
export function details(row: StatusRow, { input, steps, attempts }: OneMigration): string {
  const facts = factsOf(row, input).filter(([, value]) => value !== null);
  const width = Math.max(...facts.map(([label]) => label.length));
  const lines = facts.map(([label, value]) =>
    hanging(`${colors.dim(label.padEnd(width))}  `, value ?? '', terminalWidth()),
  );
  const done = steps.length > 0 ? ['', stepTable(row, steps)] : [];
  const history = attempts.length > 0 ? ['', attemptTable(attempts)] : [];
  const rest = row.migration.attempts - attempts.length;
  if (rest > 0) history.push(colors.dim(`and ${count(rest)} earlier attempts`));
  return [colors.bold(row.migration.name), ...lines, ...done, ...history].join('\n');
}

function factsOf(row: StatusRow, input: string | null): [string, string | null][] {
  const { migration } = row;
  return [
    ['status', shownStatus(row, statusText(migration))],
    // Whoever may read the row may see it. --json has all of it.
    ['input', input === null ? null : oneLine(plainText(input), INPUT_AT_MOST)],
    ['progress', progress(row)],
    ['throttle', row.live ? row.throttle : null],
    ['running on', row.live && row.attempt ? row.attempt.worker : null],
    ['note', row.notes.filter((note) => !isShownBelow(row, note)).join('; ') || null],
    ['job file', jobFile(row)],
    ['error', migration.error],
    ['in batch', migration.status === 'completed' ? null : failedIn(row)],
    ['asked', request(row)],
    ['registered', time(migration.createdAt)],
    ['started', migration.startedAt && time(migration.startedAt)],
    ['completed', migration.completedAt && time(migration.completedAt)],
  ];
}

/** Enough digits to tell versions of one file apart. */
const HASH_DIGITS = 12;

/** The code that the latest attempt ran. */
function jobFile({ attempt, jobChangedSince }: StatusRow): string | null {
  if (!attempt?.jobHash) return null;
  const hash = attempt.jobHash.slice(0, HASH_DIGITS);
  return jobChangedSince === null ? hash : `${hash}, changed since attempt ${jobChangedSince}`;
}

/** The keys between which the latest attempt ended with its error. */
function failedIn({ attempt }: StatusRow): string | null {
  const batch = attempt?.failedBatch;
  if (!batch) return null;
  const after = batch.after ? `after ${keyText(batch.after)}` : 'from the first key';
  return `${plainText(batch.table)}, ${after} up to ${keyText(batch.upto)}`;
}

/** The error and the request have their own lines, in full. */
const isShownBelow = (row: StatusRow, note: string): boolean =>
  note === revertNote(row.migration) ||
  note === requestText(row) ||
  (row.jobChangedSince !== null && note === jobChangedText(row.jobChangedSince)) ||
  (row.migration.error !== null && note === lastError(row));

function progress(row: StatusRow): string | null {
  const text = rowsText(row);
  return text === null || row.percent === null ? text : `${bar(row.percent)}  ${text}`;
}

function request({ migration }: StatusRow): string | null {
  if (!migration.request) return null;
  const at = migration.requestedAt ? ` at ${time(migration.requestedAt)}` : '';
  const why = migration.requestReason ? `: ${migration.requestReason}` : '';
  return `${migration.request} by ${migration.requestedBy ?? 'somebody'}${at}${why}`;
}

function stepTable(row: StatusRow, steps: readonly StepView[]): string {
  const rows = steps.map(({ name, startedAt, completedAt }) => ({
    cells: [
      oneLine(name, 60),
      time(startedAt),
      completedAt ? seconds((completedAt.getTime() - startedAt.getTime()) / 1000) : '',
      completedAt ? 'done' : row.live ? 'running' : 'not done',
    ],
    note: '',
  }));
  return columnsWithNotes(['Step', 'Started', '>Took', 'State'], rows, terminalWidth());
}

function attemptTable(attempts: readonly Attempt[]): string {
  const width = terminalWidth();
  const rows = attempts.map(attemptCells);
  const heads = ['>Attempt', 'Started', '>Took', 'Outcome', '>Rows', 'Worker'];
  const fits = width === undefined || widthOf(heads, rows) <= width;
  if (fits) return columnsWithNotes(heads, noted(rows, attempts), width);
  // Only the worker's name can be long. It goes below the row, with the error.
  return columnsWithNotes(
    heads.slice(0, -1),
    noted(rows, attempts).map(({ cells, note }) => ({
      cells: cells.slice(0, -1),
      note: [cells.at(-1), note].filter(Boolean).join(': '),
    })),
    width,
  );
}

const noted = (rows: string[][], attempts: readonly Attempt[]): NotedRow[] =>
  rows.map((cells, index) => ({ cells, note: oneLine(attempts[index]?.error ?? '', 200) }));

const attemptCells = (attempt: Attempt): string[] => [
  String(attempt.number),
  time(attempt.startedAt),
  took(attempt),
  `${attempt.outcome ?? 'running'}${attempt.direction === 'revert' && attempt.outcome !== 'reverted' ? ' (revert)' : ''}`,
  count(attempt.rowsDone),
  oneLine(attempt.worker, 100),
];

/** Up to the last heartbeat if nobody has recorded the end. */
const took = ({ startedAt, endedAt, heartbeatAt }: Attempt): string =>
  seconds(((endedAt ?? heartbeatAt).getTime() - startedAt.getTime()) / 1000);
