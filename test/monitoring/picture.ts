import { init } from 'echarts';
import { durationText } from '../../settings/duration';
import type { Theme } from '../bench/steps/theme';
import { legendOf, type Panel } from './dashboard';
import type { Series } from './prometheus';

/** A panel with what Prometheus has answered to each of its expressions. */
export interface Drawable {
  readonly panel: Panel;
  readonly series: readonly (readonly Series[])[];
  /** Unix times. */
  readonly from: number;
  readonly to: number;
}

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [seconds: number, value: number | null])[];
}

/** Pixels of one of Grafana's columns and rows. */
const COLUMN = 58;
const ROW = 25;
const COLUMNS = 24;
const MARGIN = 12;
/** Series of one panel that a legend has room for. */
const LINES_AT_MOST = 6;

export const ALT =
  'The dashboard on two workers that run seven migrations: progress, rows per second, batch time, ' +
  'lanes, waits, attempts, and what Temporal measures';

/** Draws the panels where Grafana would. An SVG without scripts or anything from elsewhere. */
export function drawDashboard(drawables: readonly Drawable[], theme: Theme): string {
  const bottom = Math.max(...drawables.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h));
  const width = COLUMNS * COLUMN;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height: bottom * ROW });
  const colours = [theme.rows, theme.batch, theme.mean, theme.lanes, theme.p99, theme.muted];
  const option: Parts = { title: [], grid: [], xAxis: [], yAxis: [], series: [], graphic: [] };
  for (const drawable of drawables) add(option, drawable, theme, colours);
  try {
    chart.setOption({
      animation: false,
      backgroundColor: theme.background,
      color: colours,
      textStyle: { color: theme.text, fontFamily: 'sans-serif' },
      ...option,
    });
    return described(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

type Parts = Record<'title' | 'grid' | 'xAxis' | 'yAxis' | 'series' | 'graphic', object[]>;

function add(parts: Parts, drawable: Drawable, theme: Theme, colours: readonly string[]): void {
  const { panel } = drawable;
  const lines = linesOf(drawable);
  const box = boxOf(panel);
  parts.graphic.push({
    type: 'rect',
    shape: { x: box.x, y: box.y, width: box.width, height: box.height, r: 4 },
    style: { fill: 'none', stroke: theme.line },
  });
  parts.title.push({
    text: panel.title,
    left: box.x + MARGIN,
    top: box.y + 8,
    padding: 0,
    textStyle: { fontSize: 13, fontWeight: 'bold', color: theme.text },
  });
  if (panel.type === 'stat') addNumbers(parts, panel, lines, theme);
  else if (panel.type === 'bargauge') addBars(parts, panel, lines, theme);
  else addLines(parts, drawable, lines, theme, colours);
}

function addNumbers(parts: Parts, panel: Panel, lines: readonly Line[], theme: Theme): void {
  const { x, y, width } = boxOf(panel);
  const each = (width - 2 * MARGIN) / Math.max(1, lines.length);
  for (const [at, { name, points }] of lines.entries()) {
    const left = x + MARGIN + at * each;
    const text = shown(panel, last(points));
    parts.title.push({
      text,
      subtext: name,
      left,
      top: y + 34,
      padding: 0,
      itemGap: 4,
      textStyle: { fontSize: 24, color: theme.rows },
      subtextStyle: { fontSize: 11, color: theme.muted },
    });
  }
}

function addBars(parts: Parts, panel: Panel, lines: readonly Line[], theme: Theme): void {
  const index = parts.grid.length;
  const { x, y, width, height } = boxOf(panel);
  parts.grid.push({ left: x + 150, top: y + 36, width: width - 210, height: height - 50 });
  parts.xAxis.push({ gridIndex: index, show: false, min: 0, max: panel.fieldConfig.defaults.max });
  parts.yAxis.push({
    gridIndex: index,
    type: 'category',
    inverse: true,
    data: lines.map(({ name }) => name),
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: theme.text, fontSize: 11 },
  });
  parts.series.push({
    type: 'bar',
    xAxisIndex: index,
    yAxisIndex: index,
    data: lines.map(({ points }) => last(points)),
    itemStyle: { color: theme.batch },
    showBackground: true,
    backgroundStyle: { color: theme.bands[1] },
    label: {
      show: true,
      position: 'right',
      color: theme.text,
      formatter: ({ value }: { value: number | null }) => shown(panel, value),
    },
  });
}

function addLines(
  parts: Parts,
  { panel, from, to }: Drawable,
  lines: readonly Line[],
  theme: Theme,
  colours: readonly string[],
): void {
  const index = parts.grid.length;
  const { x, y, width, height } = boxOf(panel);
  parts.grid.push({ left: x + 62, top: y + 36, width: width - 82, height: height - 92 });
  parts.xAxis.push({
    gridIndex: index,
    type: 'value',
    min: 0,
    max: Math.round(to - from),
    axisLabel: { color: theme.muted, fontSize: 10, formatter: '{value} s' },
    axisLine: { lineStyle: { color: theme.line } },
    splitLine: { show: false },
  });
  parts.yAxis.push({
    gridIndex: index,
    type: 'value',
    min: panel.fieldConfig.defaults.min,
    splitNumber: 4,
    axisLabel: {
      color: theme.muted,
      fontSize: 10,
      formatter: (value: number) => shown(panel, value),
    },
    splitLine: { lineStyle: { color: theme.line } },
  });
  const { custom = {} } = panel.fieldConfig.defaults;
  const bars = custom.drawStyle === 'bars';
  for (const [at, { points }] of lines.entries()) {
    parts.series.push({
      type: bars ? 'bar' : 'line',
      ...(bars && { stack: panel.title }),
      ...(custom.lineInterpolation === 'stepAfter' && { step: 'end' }),
      xAxisIndex: index,
      yAxisIndex: index,
      symbol: 'none',
      lineStyle: { width: 1.5 },
      itemStyle: { color: colours[at] },
      data: points,
    });
  }
  addLegend(parts, panel, lines, theme, colours);
}

/** Each name beside a line of its colour, as far as there is room. */
function addLegend(
  parts: Parts,
  panel: Panel,
  lines: readonly Line[],
  theme: Theme,
  colours: readonly string[],
): void {
  const { x, y, width, height } = boxOf(panel);
  const perRow = 3;
  const each = (width - 2 * MARGIN) / perRow;
  for (const [at, { name }] of lines.entries()) {
    if (!name) continue;
    const left = x + MARGIN + (at % perRow) * each;
    const top = y + height - 34 + Math.floor(at / perRow) * 15;
    parts.graphic.push(
      {
        type: 'rect',
        shape: { x: left, y: top + 4, width: 10, height: 3 },
        style: { fill: colours[at] },
      },
      {
        type: 'text',
        style: { x: left + 14, y: top, text: cut(name, 20), fontSize: 10, fill: theme.muted },
      },
    );
  }
}

function linesOf({ panel, series, from }: Drawable): Line[] {
  const all = panel.targets.flatMap(({ legendFormat }, target) =>
    (series[target] ?? []).map(({ labels, values }) => ({
      name: legendOf(legendFormat, labels),
      points: values.map(
        ([time, value]) => [time - from, Number.isFinite(value) ? value : null] as const,
      ),
    })),
  );
  const something = all.filter(({ points }) => points.some(([, value]) => value !== null));
  if (panel.type !== 'timeseries') return something;
  return something.sort((one, other) => most(other) - most(one)).slice(0, LINES_AT_MOST);
}

const most = ({ points }: Line): number => Math.max(...points.map(([, value]) => value ?? 0));

const last = (points: Line['points']): number | null =>
  points.findLast(([, value]) => value !== null)?.[1] ?? null;

function boxOf({ gridPos: { x, y, w, h } }: Panel) {
  const gap = 6;
  return {
    x: x * COLUMN + gap,
    y: y * ROW + gap,
    width: w * COLUMN - 2 * gap,
    height: h * ROW - 2 * gap,
  };
}

/** A number with its unit, as Grafana writes it. */
function shown({ fieldConfig }: Panel, value: number | null): string {
  if (value === null) return '–';
  switch (fieldConfig.defaults.unit) {
    case 'percentunit':
      return `${Math.round(value * 100)} %`;
    case 's':
      if (value === 0) return '0 s';
      return value < 1 ? `${round(value * 1_000)} ms` : durationText(value * 1_000);
    default:
      return value >= 1_000 ? `${round(value / 1_000)} k` : String(round(value));
  }
}

const round = (value: number): number => Number(value.toPrecision(3));

const cut = (text: string, at: number): string =>
  text.length > at ? `${text.slice(0, at - 1)}…` : text;

/** Adds the title, and leaves out styles for a mouse: the picture is an image on a page. */
const described = (svg: string): string =>
  svg
    .replace(/<style >[\s\S]*?<\/style>\s*/g, '')
    .replaceAll(/ class="zr[\w-]+"/g, '')
    .replace(/^<svg [^>]*>/, (begin) => `${begin}\n<title>${ALT}</title>`);
