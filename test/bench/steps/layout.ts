import type { EChartsOption, LineSeriesOption, SeriesOption } from 'echarts';
import type { Phase } from '../load/schedule';
import type { Drawn, Point } from './data';
import { type Panel, panels } from './panels';
import type { Theme } from './theme';

/** As wide as a README on GitHub, so that its text is not scaled down. */
export const WIDTH = 960;
const LEFT = 54;
const MARGIN = 18;
const BETWEEN = 18;
/** The headings of the columns, and above the first panels how many users there are. */
const TOP = 76;
/** The heading of each row of panels. */
const HEADING = 32;
const BOTTOM = 34;
const HEIGHTS = [84, 42, 58, 104, 104];
export const HEIGHT = TOP + HEIGHTS.reduce((all, height) => all + height + HEADING, 0) + BOTTOM;
/** Whatever the reader's system has. ECharts would not escape double quotes. */
const FONT = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

/** A column for each backfill, and a row of panels for each thing that is measured. */
export function layout(
  courses: readonly Drawn[],
  phases: readonly Phase[],
  theme: Theme,
): EChartsOption {
  const rows = panels(courses, theme);
  const width = (WIDTH - LEFT - MARGIN - BETWEEN * (courses.length - 1)) / courses.length;
  const left = (column: number) => LEFT + column * (width + BETWEEN);
  const top = (row: number) =>
    TOP + HEADING + HEIGHTS.slice(0, row).reduce((all, height) => all + height + HEADING, 0);
  const cells = rows.flatMap((panel, row) =>
    courses.map((course, column) => ({ panel, row, course, column })),
  );
  const end = phases.reduce((all, { ms }) => all + ms, 0) / 1_000;
  return {
    animation: false,
    backgroundColor: theme.background,
    textStyle: { fontFamily: FONT, color: theme.text },
    title: [
      ...courses.map((course, column) => heading(course, left(column), theme)),
      ...rows.flatMap((panel, row) => [
        rowTitle(panel.title, { left: MARGIN, top: top(row) - (row === 0 ? 40 : 24) }, theme),
        legend(panel, { right: MARGIN, top: top(row) - 23 }, theme),
      ]),
      ...cells
        .filter(({ panel, course }) => panel.ofBatches && isEmpty(course.lanes))
        .map(({ row, column }) => ({
          text: 'no batches',
          left: left(column) + width / 2,
          top: top(row) + (HEIGHTS[row] ?? 0) / 2 - 6,
          padding: 0,
          textAlign: 'center',
          textStyle: { fontSize: 11, fontWeight: 400, color: theme.muted },
        })),
    ] as NonNullable<EChartsOption['title']>,
    grid: cells.map(({ row, column }) => ({
      left: left(column),
      top: top(row),
      width,
      height: HEIGHTS[row] ?? 0,
    })),
    xAxis: cells.map(({ row, column }, index) => ({
      gridIndex: index,
      type: 'value',
      min: 0,
      max: end,
      interval: end / phases.length,
      axisLine: { lineStyle: { color: theme.line } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        show: row === rows.length - 1,
        color: theme.muted,
        fontSize: 11,
        formatter: (seconds: number) => {
          // The end of one column is the beginning of the next one.
          if (seconds < end) return String(seconds);
          return column === courses.length - 1 ? `${seconds} s` : '';
        },
      },
    })),
    yAxis: cells.map(({ panel, column }, index) => ({
      ...panel.axis,
      gridIndex: index,
      axisLine: { show: false },
      axisTick: { show: false },
      minorTick: { show: false },
      splitLine: { lineStyle: { color: theme.line, width: 0.6 } },
      axisLabel: {
        show: column === 0,
        color: theme.muted,
        fontSize: 11,
        hideOverlap: true,
        formatter: panel.label,
      },
    })) as NonNullable<EChartsOption['yAxis']>,
    series: cells.flatMap(({ panel, row, course }, index) =>
      series(panel, course, index, bands(phases, row === 0, theme)),
    ),
  };
}

/** The panel's lines. The first one carries the bands that show how many users there are. */
function series(
  panel: Panel,
  course: Drawn,
  index: number,
  markArea: NonNullable<LineSeriesOption['markArea']>,
): SeriesOption[] {
  const background: SeriesOption = {
    type: 'line',
    data: [],
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    markArea,
  };
  const lines = panel.lines(course).map(
    ({ points, ...style }): SeriesOption => ({
      type: 'line',
      xAxisIndex: index,
      yAxisIndex: index,
      showSymbol: false,
      silent: true,
      clip: true,
      data: points.map((point) => [...point]),
      ...style,
    }),
  );
  return [background, ...lines];
}

const isEmpty = (points: readonly Point[]) => points.every(([, value]) => value === null);

type Place = { readonly top: number; readonly left?: number; readonly right?: number };

const rowTitle = (text: string, place: Place, theme: Theme) => ({
  text,
  ...place,
  padding: 0,
  textStyle: { fontSize: 12, fontWeight: 600, color: theme.text },
});

function legend({ legend = [] }: Panel, place: Place, theme: Theme) {
  const rich = legend.map(({ color }, index) => [`c${index}`, { color, fontSize: 11 }]);
  return {
    text: legend.map(({ text }, index) => `{c${index}|${text}}`).join('    '),
    ...place,
    padding: 0,
    textStyle: {
      fontSize: 11,
      fontWeight: 400,
      color: theme.muted,
      rich: Object.fromEntries(rich),
    },
  };
}

function heading({ name, rows }: Drawn, left: number, theme: Theme) {
  return {
    text: name,
    subtext: `${(rows / 1e6).toFixed(1)} M rows done`,
    left,
    top: 10,
    padding: 0,
    itemGap: 5,
    textStyle: { fontSize: 15, fontWeight: 600, color: theme.text },
    subtextStyle: { fontSize: 12, color: theme.muted },
  };
}

function bands(phases: readonly Phase[], labelled: boolean, theme: Theme) {
  const most = Math.max(...phases.map(({ perSecond }) => perSecond));
  let from = 0;
  const data = phases.map(({ perSecond, ms }) => {
    const until = from + ms / 1_000;
    const users = perSecond > 0 ? theme.bands[perSecond === most ? 1 : 0] : 'transparent';
    const band = [
      {
        xAxis: from,
        name: labelled ? (perSecond > 0 ? `${perSecond} tx/s` : 'nobody') : '',
        itemStyle: { color: users },
      },
      { xAxis: until },
    ];
    from = until;
    return band;
  });
  const label = { position: 'top', color: theme.muted, fontSize: 11, distance: 3 };
  return { silent: true, label, data } as NonNullable<LineSeriesOption['markArea']>;
}
