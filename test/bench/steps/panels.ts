import type { LineSeriesOption } from 'echarts';
import type { Drawn, Point } from './data';
import type { Theme } from './theme';

/** One row of the picture: the same thing for each backfill, on the same scale. */
export interface Panel {
  readonly title: string;
  /** One UPDATE has none. */
  readonly ofBatches?: boolean;
  readonly legend?: readonly { readonly text: string; readonly color: string }[];
  readonly axis: object;
  readonly label: (value: number) => string;
  readonly lines: (course: Drawn) => Line[];
}

type Line = { readonly points: readonly Point[] } & Pick<
  LineSeriesOption,
  'lineStyle' | 'areaStyle' | 'step' | 'z'
>;

export function panels(courses: readonly Drawn[], theme: Theme): Panel[] {
  const most = (points: (course: Drawn) => readonly Point[]) =>
    Math.max(0, ...courses.flatMap((course) => points(course).map(([, value]) => value ?? 0)));
  return [
    {
      title: 'Backfill, rows per second',
      axis: {
        type: 'value',
        min: 0,
        max: nice(most((course) => course.rowsPerSecond)),
        splitNumber: 2,
      },
      label: (value) => (value === 0 ? '0' : `${value / 1e3} k`),
      lines: ({ rowsPerSecond }) => [
        {
          points: rowsPerSecond,
          lineStyle: { color: theme.rows, width: 1.6 },
          areaStyle: { color: theme.rows, opacity: 0.14 },
        },
      ],
    },
    {
      title: 'Lanes; filled: the share of the time that they work',
      ofBatches: true,
      axis: {
        type: 'value',
        min: 0,
        max: Math.max(
          2,
          most(({ lanes }) => lanes),
        ),
        minInterval: 1,
      },
      label: String,
      lines: ({ lanes, working }) => [
        { points: lanes, step: 'middle', lineStyle: { color: theme.lanes, width: 1.8 } },
        {
          points: working,
          step: 'middle',
          lineStyle: { width: 0 },
          areaStyle: { color: theme.lanes, opacity: 0.25 },
        },
      ],
    },
    {
      title: 'Batch time, ms',
      ofBatches: true,
      axis: { type: 'log', min: 1, max: 100 },
      label: String,
      lines: ({ batchMs }) => [
        { points: batchMs, step: 'middle', lineStyle: { color: theme.batch, width: 1.8 } },
      ],
    },
    ...(['elsewhere', 'sameTable'] as const).map(
      (kind): Panel => ({
        title: WHERE[kind],
        legend: [
          { text: '━ mean', color: theme.mean },
          { text: '━ p99', color: theme.p99 },
          { text: '┄ mean without a backfill', color: theme.text },
        ],
        axis: { type: 'log', ...decades(courses, kind) },
        label: (value) => (value >= 1_000 ? `${value / 1_000} s` : String(value)),
        lines: ({ application }) => [
          { points: application[kind].p99, lineStyle: { color: theme.p99, width: 1.4 } },
          { points: application[kind].mean, lineStyle: { color: theme.mean, width: 2 } },
          {
            points: application[kind].alone,
            lineStyle: { color: theme.text, width: 1, type: [2, 2] },
          },
        ],
      }),
    ),
  ];
}

const WHERE = {
  elsewhere: 'Application on other tables, ms',
  sameTable: 'Application on the walked rows, ms',
};

/** Whole powers of ten around all times. */
function decades(courses: readonly Drawn[], kind: keyof Drawn['application']) {
  const all = courses.flatMap(({ application: { [kind]: times } }) =>
    [times.mean, times.p99, times.alone].flatMap((points) =>
      points.flatMap(([, value]) => (value === null || value <= 0 ? [] : value)),
    ),
  );
  if (all.length === 0) return { min: 0.1, max: 100 };
  return {
    min: 10 ** Math.floor(Math.log10(Math.min(...all))),
    max: 10 ** Math.ceil(Math.log10(Math.max(...all))),
  };
}

/** The next round number, so that the axis ends at a line. */
function nice(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 5, 6, 8, 10].find((digit) => digit * power >= most) ?? 10) * power;
}
