import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { bar } from '../status/bar';
import { count, rate, seconds } from '../status/format';
import type { StatusRow } from '../status/row';
import { asJson, warn } from './output';

/** Shows how far migrations are. */
export interface Progress {
  show(rows: readonly StatusRow[]): void;
  /** A line beside it, for what is wrong. */
  say(line: string): void;
  close(): void;
}

/** Bars for a person at a terminal; where the output is kept (CI), a line now and then. */
export function openProgress(): Progress {
  if (asJson) return { show: () => {}, say: warn, close: () => {} };
  return process.stdout.isTTY ? bars() : lines();
}

/** For logs: a line a migration every so many milliseconds, and when its status changes. */
const LINE_EVERY = 10_000;

function bars(): Progress {
  const all = new MultiBar(
    { format: '{name}  {shown}', hideCursor: true, forceRedraw: true },
    Presets.shades_classic,
  );
  const byName = new Map<string, SingleBar>();
  return {
    show: (rows) => {
      for (const row of rows) {
        const { name } = row.migration;
        const one = byName.get(name) ?? all.create(100, 0, { name, shown: '' });
        byName.set(name, one);
        one.update(row.percent ?? 0, { name, shown: line(row) });
      }
    },
    say: (text) => all.log(`lrm: ${text}\n`),
    close: () => all.stop(),
  };
}

function lines(): Progress {
  const said = new Map<string, { status: string; at: number }>();
  return {
    show: (rows) => {
      for (const row of rows) {
        const { name, status } = row.migration;
        const last = said.get(name);
        if (last?.status === status && Date.now() - last.at < LINE_EVERY) continue;
        said.set(name, { status, at: Date.now() });
        console.log(`${name}  ${line(row)}`);
      }
    },
    say: warn,
    close: () => {},
  };
}

function line(row: StatusRow): string {
  const { rowsDone, rowsTotal } = row.migration;
  const parts = [
    row.migration.status,
    row.percent === null ? null : bar(row.percent),
    rowsDone === 0 && rowsTotal === null
      ? null
      : `${count(rowsDone)}${rowsTotal === null ? '' : ` / ${count(rowsTotal)}`} rows`,
    row.rowsPerSecond === null ? null : `${rate(row.rowsPerSecond)} rows/s`,
    row.secondsLeft === null ? null : `${seconds(row.secondsLeft)} left`,
    row.notes.length > 0 && row.migration.status !== 'completed' ? row.notes.join('; ') : null,
  ];
  return parts.filter((part) => part !== null).join('  ');
}
