import { init } from 'echarts';
import type { AttemptRow } from '../report/attempts';
import type { Sample } from '../report/samples';

/** A bar of the picture. Times are milliseconds since 1970. */
export interface Bar {
  readonly lane: string;
  readonly from: number;
  readonly upto: number;
  /** Decides its colour: an outcome of an attempt, or a fault's result. */
  readonly kind: string;
  readonly label?: string;
}

/** What the picture shows. */
export interface Picture {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly upto: number;
  /** From the top down. */
  readonly lanes: readonly string[];
  readonly bars: readonly Bar[];
  readonly samples: readonly Sample[];
}

const COLOURS: Readonly<Record<string, string>> = {
  completed: '#2e7d32',
  retried: '#f9a825',
  timed_out: '#ef6c00',
  interrupted: '#6a1b9a',
  superseded: '#ad1457',
  paused: '#546e7a',
  cancelled: '#37474f',
  failed: '#d50000',
  running: '#90caf9',
  fault: '#c62828',
  nothing: '#bcaaa4',
  broken: '#000000',
};

const WIDTH = 1_600;
const LANE = 26;
const LEFT = 130;
const RATE = 160;
const TOP = 70;

/** Draws a run as SVG: faults and attempts as bars over time, and the rows per second underneath. */
export function drawRun({ title, from, upto, lanes, bars, samples }: Picture): string {
  const lanesHeight = lanes.length * LANE;
  const height = TOP + lanesHeight + RATE + 90;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  const second = (at: number) => Math.max(0, (at - from) / 1_000);
  const width = WIDTH - LEFT - 30;
  const last = Math.max(1, Math.ceil(second(upto)));
  const x = (at: number) => LEFT + (second(at) / last) * width;
  const graphic = bars.flatMap((bar) => {
    const lane = lanes.indexOf(bar.lane);
    if (lane < 0) return [];
    const y = TOP + lane * LANE + 3;
    const barWidth = Math.max(1, x(bar.upto) - x(bar.from));
    const shape = { x: x(bar.from), y, width: barWidth, height: LANE - 6 };
    const style = { fill: COLOURS[bar.kind] ?? '#9e9e9e', opacity: 0.85 };
    return [{ type: 'rect', shape, style }, ...labelOf(bar, shape)];
  });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily: 'sans-serif' },
      title: { text: title, left: LEFT, top: 6, textStyle: { fontSize: 14 } },
      grid: [
        { left: LEFT, top: TOP, width, height: lanesHeight },
        { left: LEFT, top: TOP + lanesHeight + 40, width, height: RATE },
      ],
      xAxis: [0, 1].map((gridIndex) => ({
        gridIndex,
        type: 'value',
        min: 0,
        max: last,
        axisLabel: { formatter: '{value} s' },
      })),
      yAxis: [
        { gridIndex: 0, type: 'category', inverse: true, data: lanes, axisTick: { show: false } },
        { gridIndex: 1, type: 'value', name: 'rows/s', min: 0 },
      ],
      series: [
        // Without a series the first grid would have no axes.
        { type: 'bar', xAxisIndex: 0, yAxisIndex: 0, data: [] },
        {
          type: 'line',
          xAxisIndex: 1,
          yAxisIndex: 1,
          symbol: 'none',
          areaStyle: { opacity: 0.3 },
          lineStyle: { width: 1 },
          data: rates(samples).map(([at, rate]) => [second(at), rate]),
        },
      ],
      graphic: [...graphic, ...legend(bars)],
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** Rows per second between two looks. Rows that a promotion has lost count as none. */
function rates(samples: readonly Sample[]): (readonly [at: number, rate: number])[] {
  return samples.slice(1).map(({ at, rowsDone }, index) => {
    const before = samples[index];
    if (!before) return [at, 0] as const;
    const rate = (rowsDone - before.rowsDone) / ((at - before.at) / 1_000);
    return [at, Math.max(0, Math.round(rate))] as const;
  });
}

/** A label in a bar that has room for it. */
function labelOf(
  { label }: Bar,
  { x, y, width }: { x: number; y: number; width: number },
): object[] {
  const room = Math.floor(width / 6);
  if (!label || room < 4) return [];
  const text = label.length > room ? `${label.slice(0, room - 1)}…` : label;
  return [{ type: 'text', style: { x: x + 3, y: y + 5, text, fontSize: 10, fill: '#ffffff' } }];
}

/** The colours that occur. */
function legend(bars: readonly Bar[]): object[] {
  const kinds = Object.keys(COLOURS).filter((kind) => bars.some((bar) => bar.kind === kind));
  return kinds.flatMap((kind, at) => {
    const left = LEFT + at * 110;
    return [
      {
        type: 'rect',
        shape: { x: left, y: 40, width: 12, height: 12 },
        style: { fill: COLOURS[kind] },
      },
      { type: 'text', style: { x: left + 16, y: 41, text: kind, fontSize: 11 } },
    ];
  });
}

/** The bars of attempts: one lane for each worker, and several if it runs several at a time. */
export function attemptBars(
  attempts: readonly AttemptRow[],
  workerOf: (pid: number) => number | undefined,
  end: number,
): Bar[] {
  const busyUntil = new Map<string, number>();
  return attempts.map(({ migration, pid, startedAt, endedAt, outcome, number }) => {
    const upto = endedAt ?? end;
    const worker = workerOf(pid) ?? 0;
    let row = 1;
    while ((busyUntil.get(`${worker}/${row}`) ?? 0) > startedAt) row++;
    busyUntil.set(`${worker}/${row}`, upto);
    const label = `${migration.replace(/^\d+_/, '')} ${number}`;
    return { lane: laneOf(worker, row), from: startedAt, upto, kind: outcome ?? 'running', label };
  });
}

const laneOf = (worker: number, row: number): string =>
  `worker ${worker}${row > 1 ? ` (${row})` : ''}`;
