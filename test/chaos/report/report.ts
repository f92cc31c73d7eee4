import type { Inflicted } from '../nemesis';
import type { Piece } from '../workload/piece';
import type { AttemptRow } from './attempts';
import { quantile, type Resumed } from './resumeTimes';

/** What a run has shown, apart from findings. */
export interface Figures {
  readonly seed: string;
  readonly minutes: number;
  /** Those that are done. */
  readonly inflicted: readonly Inflicted[];
  /** Those whose effect did not show in time. */
  readonly unseen: readonly Inflicted[];
  /** Kinds that this machine can't make, with what is missing. */
  readonly notDone: ReadonlyMap<string, string>;
  readonly pieces: readonly Piece[];
  readonly attempts: readonly AttemptRow[];
  readonly resumed: readonly Resumed[];
  readonly foreground: { readonly touched: number; readonly errors: number };
}

/** The lines of a run's report. */
export function reportLines(figures: Figures): string[] {
  const { seed, minutes, inflicted, unseen, notDone, pieces, attempts, resumed, foreground } =
    figures;
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  return [
    `seed ${seed}, ${minutes.toFixed(1)} minutes`,
    `${inflicted.length} faults of ${new Set(inflicted.map(({ kind }) => kind)).size} kinds`,
    ...counted(inflicted.map(({ kind }) => kind)).map((line) => `  ${line}`),
    ...counted(unseen.map(({ kind }) => kind)).map((line) => `  its effect was not seen: ${line}`),
    ...[...notDone].map(([kind, why]) => `  not done: ${kind} (${why})`),
    `${pieces.length} migrations of ${new Set(pieces.map(({ shape }) => shape)).size} shapes, ${rows} rows`,
    `${attempts.length} attempts: ${counted(attempts.map(({ outcome }) => outcome ?? 'without an end')).join(', ')}`,
    resumeLine('after SIGKILL of a worker', resumed),
    resumeLine(
      '  of these, with nothing else broken and another worker there',
      resumed.filter(({ alone }) => alone),
    ),
    `the application: ${foreground.touched} rows updated, ${foreground.errors} errors`,
  ];
}

function resumeLine(what: string, resumed: readonly Resumed[]): string {
  if (resumed.length === 0) return `${what}: none`;
  const seconds = (share: number) =>
    (
      quantile(
        resumed.map(({ took }) => took),
        share,
      ) / 1_000
    ).toFixed(1);
  return (
    `${what}: ${resumed.length} resumed, seconds: min ${seconds(0)}, ` +
    `median ${seconds(0.5)}, p99 ${seconds(0.99)}, max ${seconds(1)}`
  );
}

/** 'count name', the most frequent first. */
function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`);
}
