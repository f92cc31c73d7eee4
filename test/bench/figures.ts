/** A table of a report, with what belongs to it. */
export interface Table {
  readonly title: string;
  /** What was measured, and how. */
  readonly text: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Further tables of the same measurement. */
  readonly more?: readonly Pick<Table, 'text' | 'head' | 'rows'>[];
  /** Pictures that the text shows: their file names in docs/, and their SVG. */
  readonly pictures?: Readonly<Record<string, string>>;
}

/**
 * 'median (min–max)' of several rounds. Infinity is 'never'. A value that could not be measured
 * (NaN) is left out.
 */
export function spread(values: readonly number[], digits = 2): string {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const text = (value = Number.NaN) => (value === Infinity ? 'never' : value.toFixed(digits));
  if (sorted.length === 0) return '–';
  if (sorted.length === 1 || sorted[0] === Infinity) return text(sorted[0]);
  return `${text(median(sorted))} (${text(sorted[0])}–${text(sorted.at(-1))})`;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** NaN without values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value that is larger than this part of all values. NaN without values. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** What is said about the times of an application. The mean and p99 show harm that p50 hides. */
export const TIMES: Readonly<Record<string, (ms: readonly number[]) => number>> = {
  mean,
  p50: median,
  p99: (ms) => quantile(ms, 0.99),
};

export function markdown({ title, text, more = [], ...table }: Table): string {
  const tables = [{ text, ...table }, ...more];
  return [`## ${title}`, ...tables.map((each) => `${each.text}\n\n${grid(each)}`), ''].join('\n\n');
}

function grid({ head, rows }: Pick<Table, 'head' | 'rows'>): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** 10,000,000 as '10 M'. */
export function count(rows: number): string {
  return rows >= 1e6 ? `${rows / 1e6} M` : `${rows / 1e3} k`;
}
