import { expect, test } from '@jest/globals';
import { ALONE, LOOP } from './course';
import { type Drawn, drawn } from './data';
import { PHASES, round } from './example';
import { drawSteps } from './picture';
import { DARK, LIGHT } from './theme';

const pictures = drawSteps(round, PHASES);

function drawnLoop(): Drawn {
  const [loop, alone] = [round[LOOP], round[ALONE]];
  if (!loop || !alone) throw new Error('the example lacks a course');
  return drawn(LOOP, loop, alone, 20_000);
}

test('the lines have gaps where nobody is there', () => {
  const { mean, p99, alone } = drawnLoop().application.elsewhere;
  for (const line of [mean, p99, alone]) {
    expect(line).toHaveLength(20);
    const known = line.filter(([, ms]) => ms !== null).map(([second]) => second);
    expect([known[0], known.at(-1)]).toEqual([5.5, 14.5]);
  }
  expect(mean[5]).toEqual([5.5, 4]);
  expect(mean[7]?.[1]).toBeCloseTo(1.1);
});

test('lanes are drawn with the share of the time that they work', () => {
  const { lanes, working, batchMs, rowsPerSecond } = drawnLoop();
  expect(lanes[2]).toEqual([1.25, 2]);
  expect(working[2]).toEqual([1.25, 1]);
  expect(batchMs.at(-1)).toEqual([19.75, 5]);
  expect(rowsPerSecond[3]?.[1]).toBeCloseTo(4e5);
});

test.each([
  ['load-steps.svg', LIGHT],
  ['load-steps-dark.svg', DARK],
])('%s is well-formed, and needs nothing from elsewhere', (name, theme) => {
  const svg = pictures[name] ?? '';
  expect(openTags(svg)).toEqual([]);
  expect(svg).toContain('<title>Rows per second');
  expect(svg).not.toContain('<style');
  expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 960 \d+"/);
  for (const colour of [theme.background, theme.mean, theme.rows]) expect(svg).toContain(colour);
  for (const text of ['one UPDATE', LOOP, 'nobody', '600 tx/s', 'rows per second']) {
    expect(svg).toContain(text);
  }
  const elsewhere = svg
    .replaceAll(/xmlns(:xlink)?="[^"]*"/g, '')
    .match(/https?:|<script|<image|@font/g);
  expect(elsewhere).toBeNull();
});

/** Tags that are not closed. @throws Error at the first text that is not XML. */
function openTags(svg: string): string[] {
  const open: string[] = [];
  const token =
    /<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|<!\[CDATA\[[\s\S]*?\]\]>|[^<]+/y;
  while (token.lastIndex < svg.length) {
    const at = token.lastIndex;
    const found = token.exec(svg);
    if (!found) throw new Error(`no XML at ${at}: ${svg.slice(at, at + 80)}`);
    const [, closing, tag, , empty] = found;
    if (!tag || empty) continue;
    if (!closing) open.push(tag);
    else if (open.pop() !== tag) throw new Error(`</${tag}> at ${at} closes nothing`);
  }
  return open;
}
