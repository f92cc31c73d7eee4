/** A table of a report. */
export interface Table {
  readonly title: string;
  /** What was measured, and how. */
  readonly text: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** 'median (min–max)' of several rounds. */
export function spread(values: readonly number[], digits = 2): string {
  const sorted = [...values].sort((a, b) => a - b);
  const text = (value: number | undefined) => (value ?? Number.NaN).toFixed(digits);
  if (sorted.length === 1) return text(sorted[0]);
  return `${text(median(sorted))} (${text(sorted[0])}–${text(sorted.at(-1))})`;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that is larger than this part of all values. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function markdown({ title, text, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [`## ${title}`, '', text, '', line(head), line(rule), ...rows.map(line), ''].join('\n');
}

/** 10,000,000 as '10 M'. */
export function count(rows: number): string {
  return rows >= 1e6 ? `${rows / 1e6} M` : `${rows / 1e3} k`;
}
