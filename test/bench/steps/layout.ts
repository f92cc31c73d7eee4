import type { EChartsOption, LineSeriesOption, SeriesOption } from 'echarts';
import type { Phase } from '../load/schedule';
import { bands } from './bands';
import type { Drawn, Point } from './data';
import { type Panel, panels } from './panels';
import { placeOf } from './places';
import type { Theme } from './theme';
import { heading, legend, noBatches, rowTitle } from './titles';

/** Whatever the reader's system has. ECharts would not escape double quotes. */
const FONT = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

/** A column for each backfill, and a row of panels for each thing that is measured. */
export function layout(
  courses: readonly Drawn[],
  phases: readonly Phase[],
  theme: Theme,
): EChartsOption {
  const rows = panels(courses, theme);
  const place = (row: number, column: number) => placeOf(row, column, courses.length);
  const cells = rows.flatMap((panel, row) =>
    courses.map((course, column) => ({ panel, row, course, column })),
  );
  const end = phases.reduce((all, { ms }) => all + ms, 0) / 1_000;
  return {
    animation: false,
    backgroundColor: theme.background,
    textStyle: { fontFamily: FONT, color: theme.text },
    title: [
      ...courses.map((course, column) => heading(course, place(0, column), theme)),
      ...rows.flatMap((panel, row) => [
        rowTitle(panel, place(row, 0), row === 0, theme),
        legend(panel, place(row, 0), theme),
      ]),
      ...cells
        .filter(({ panel, course }) => panel.ofBatches && isEmpty(course.lanes))
        .map(({ row, column }) => noBatches(place(row, column), theme)),
    ] as NonNullable<EChartsOption['title']>,
    grid: cells.map(({ row, column }) => ({ ...place(row, column) })),
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

/** The panel's lines, on a line without points that carries the bands. */
function series(
  panel: Panel,
  course: Drawn,
  index: number,
  markArea: NonNullable<LineSeriesOption['markArea']>,
): SeriesOption[] {
  const all: SeriesOption = { type: 'line', xAxisIndex: index, yAxisIndex: index, silent: true };
  const lines = panel.lines(course).map(
    ({ points, ...style }): SeriesOption => ({
      ...all,
      showSymbol: false,
      clip: true,
      data: points.map((point) => [...point]),
      ...style,
    }),
  );
  return [{ ...all, data: [], markArea }, ...lines];
}

const isEmpty = (points: readonly Point[]) => points.every(([, value]) => value === null);
