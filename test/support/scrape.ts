import { expect } from '@jest/globals';

/** One line of a page for Prometheus. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A page for Prometheus, as a scrape has found it. */
export interface Scraped {
  readonly samples: readonly Sample[];
  /** Types by the metric's name. */
  readonly types: Readonly<Record<string, string>>;
  /** The value of the only sample with these labels, whatever others it has; undefined: there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

/**
 * Reads the page at `address`.
 * @throws Error when a line is not in Prometheus's text format
 */
export async function scrape(address: string): Promise<Scraped> {
  const response = await fetch(`http://${address}/metrics`);
  expect(response.status).toBe(200);
  return parse(await response.text());
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?(?:inf|Inf|[0-9.e+-]+))$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

function parse(page: string): Scraped {
  const types: Record<string, string> = {};
  const samples: Sample[] = [];
  for (const line of page.split('\n').filter(Boolean)) {
    const [, typed = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed) types[typed] = type;
    if (line.startsWith('#')) continue;
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (!name) throw new Error(`not a sample: ${line}`);
    samples.push({ name, labels: readLabels(labels), value: Number(value.replace('inf', 'Inf')) });
  }
  const value = (name: string, labels: Readonly<Record<string, string>> = {}) => {
    const found = samples.filter(
      (each) =>
        each.name === name &&
        Object.entries(labels).every(([label, wanted]) => each.labels[label] === wanted),
    );
    if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
    return found[0]?.value;
  };
  return { samples, types, value };
}

function readLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(LABEL)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  if (pairs.map(([name, value]) => `${name}="${value}"`).join(',') !== text) {
    throw new Error(`not a list of labels: ${text}`);
  }
  return Object.fromEntries(pairs);
}
