import { MultiBar, type SingleBar } from 'cli-progress';

/** One line of what is going on. */
export interface LiveLine {
  readonly name: string;
  readonly status: string;
  readonly text: string;
}

/** Shows lines that change. It knows nothing about migrations, so that `lrm` and `npm start` share it. */
export interface LiveLines {
  show(lines: readonly LiveLine[]): void;
  /** Prints a message that stays. */
  say(message: string): void;
  /** Keeps what is on the screen. After this, other output is safe. */
  close(): void;
}

/** Redraws the lines on a terminal. Elsewhere (CI, a log) prints a line now and then. */
export const openLiveLines = (): LiveLines =>
  process.stdout.isTTY ? redrawnLines() : printedLines();

/** More lines than this would scroll away; `lrm status` shows all. */
const LINES_AT_MOST = 12;

function redrawnLines(): LiveLines {
  // It cuts lines at the terminal's width: a line that wraps can't be redrawn.
  const all = new MultiBar({ format: '{label}  {text}', hideCursor: true, forceRedraw: true });
  const byName = new Map<string, SingleBar>();
  return {
    show: (lines) => {
      const width = Math.max(0, ...lines.map(({ name }) => name.length));
      for (const { name, text } of lines) {
        if (!byName.has(name) && byName.size >= LINES_AT_MOST) continue;
        const shown = { label: name.padEnd(width), text };
        const line = byName.get(name) ?? all.create(1, 0, shown);
        byName.set(name, line);
        line.update(0, shown);
      }
    },
    say: (message) => all.log(`${message}\n`),
    close: () => all.stop(),
  };
}

/** A change of status is printed at once, other changes this often. Milliseconds. */
const CHANGED_EVERY = 10_000;
/** A line that stays the same: some CI systems end a job that prints nothing. Milliseconds. */
const UNCHANGED_EVERY = 60_000;

function printedLines(): LiveLines {
  const printed = new Map<string, LiveLine & { readonly at: number }>();
  const isDue = ({ name, status, text }: LiveLine): boolean => {
    const last = printed.get(name);
    if (last?.status !== status) return true;
    return Date.now() - last.at >= (last.text === text ? UNCHANGED_EVERY : CHANGED_EVERY);
  };
  return {
    show: (lines) => {
      for (const line of lines.filter(isDue)) {
        printed.set(line.name, { ...line, at: Date.now() });
        console.log(`${line.name}  ${line.text}`);
      }
    },
    say: (message) => console.error(message),
    close: () => {},
  };
}
