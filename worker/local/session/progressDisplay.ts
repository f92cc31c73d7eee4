import { MultiBar, type SingleBar } from 'cli-progress';
import type { MigrationView } from '../../../drizzle/rows/status';
import { type ProgressLine, progressLine } from './progress';
import { isPending } from './summary';

/** Shows the progress of the migrations, each time show() is called. */
export interface ProgressDisplay {
  show(views: readonly MigrationView[]): void;
  /** Keeps the last state on the screen. After that, other lines can be printed. */
  end(): void;
}

/** Bars on a terminal. Else lines: control characters would fill a log. */
export const createDisplay = (): ProgressDisplay =>
  process.stdout.isTTY ? new Bars() : new Lines();

/** More bars would not fit on the screen. `lrm status` shows all migrations. */
const BARS_AT_MOST = 12;

class Bars implements ProgressDisplay {
  #multi: MultiBar | undefined;
  readonly #bars = new Map<string, SingleBar>();
  #nameWidth = 0;

  show(views: readonly MigrationView[]): void {
    this.#nameWidth = Math.max(0, ...views.map(({ migration }) => migration.name.length));
    for (const view of views) {
      const known = this.#bars.has(view.migration.name);
      // A migration that had ended before the start is not shown.
      if (known || (isPending(view) && this.#bars.size < BARS_AT_MOST)) this.#update(view);
    }
    if (views.length > 0 && !views.some(isPending)) this.end();
  }

  end(): void {
    this.#multi?.stop();
    this.#multi = undefined;
    this.#bars.clear();
  }

  #update(view: MigrationView): void {
    const { name, percent, text } = progressLine(view);
    const label = name.padEnd(this.#nameWidth);
    const shown = { label, text: fitted(text, label.length + BESIDE_THE_TEXT) };
    this.#multi ??= createMultiBar();
    const bar = this.#bars.get(name) ?? this.#multi.create(100, 0, shown);
    this.#bars.set(name, bar);
    bar.update(percent ?? 0, shown);
  }
}

const createMultiBar = () =>
  new MultiBar({
    format: '{label}  {bar} {percentage} %  {text}',
    // Right-aligned, so that the texts stand in one column.
    formatValue: (value, _options, type) =>
      type === 'percentage' ? String(value).padStart(3) : String(value),
    barsize: BAR_WIDTH,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    // A finished bar keeps its line while others still move.
    clearOnComplete: false,
    stopOnComplete: false,
  });

const BAR_WIDTH = 24;
/** Width of the bar, the percentage and the spaces around them. */
const BESIDE_THE_TEXT = BAR_WIDTH + 12;

/** One line, cut to the free width of the terminal: a bar that wraps can't be redrawn. */
const fitted = (text: string, before: number) =>
  text
    .split('\n', 1)
    .join('')
    .slice(0, Math.max(10, (process.stdout.columns ?? 80) - before));

/** Between two lines about one migration. A change of status is printed at once. Milliseconds. */
const LINE_INTERVAL = 5_000;

class Lines implements ProgressDisplay {
  readonly #printed = new Map<string, { status: string; at: number; text: string }>();

  show(views: readonly MigrationView[]): void {
    for (const view of views) {
      const line = progressLine(view);
      if (this.#isNews(view, line)) this.#print(view, line);
    }
  }

  end(): void {}

  #isNews(view: MigrationView, { text }: ProgressLine): boolean {
    const last = this.#printed.get(view.migration.name);
    if (!last) return isPending(view);
    if (last.status !== view.migration.status) return true;
    return last.text !== text && Date.now() - last.at > LINE_INTERVAL;
  }

  #print({ migration }: MigrationView, { name, percent, text }: ProgressLine): void {
    console.log(`${name}  ${percent === null ? '' : `${percent} %  `}${text}`);
    this.#printed.set(name, { status: migration.status, at: Date.now(), text });
  }
}
