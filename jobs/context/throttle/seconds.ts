/** Sessions report their counts once a second, so less than that can't be told apart. Milliseconds. */
export const SECOND = 1_000;

/** What is not ours: the mean of about a second. */
export interface Mean {
  readonly at: number;
  readonly commits: number;
  readonly activeMs: number;
  readonly oursMs: number;
}

export type Increment = Omit<Mean, 'at'>;

/** By how much each second grew. */
export function increments(means: readonly Mean[]): Increment[] {
  return means.slice(0, -1).flatMap((now, second) => {
    const before = means[second + 1];
    if (!before) return [];
    return [
      {
        commits: now.commits - before.commits,
        activeMs: now.activeMs - before.activeMs,
        oursMs: now.oursMs - before.oursMs,
      },
    ];
  });
}

/**
 * A statement of ten minutes counts when it ends: all of its time at once. As the seconds are means, that
 * shows in two of them.
 */
export function withoutOutliers(seconds: readonly Increment[]): readonly Increment[] {
  const sorted = [...seconds].sort((a, b) => a.activeMs - b.activeMs);
  const most = 3 * Math.max(sorted[sorted.length >> 1]?.activeMs ?? 0, 0);
  return sorted.filter(({ activeMs }, index) => activeMs <= most || index < sorted.length - 2);
}

/** Transactions a second between two of the seconds before now. */
export function rate(means: readonly Mean[], from: number, to: number): number | undefined {
  const [last, first] = [means[from], means[to]];
  if (!last || !first) return undefined;
  return Math.max(0, ((last.commits - first.commits) / (last.at - first.at)) * SECOND);
}

export const sum = (values: readonly number[]): number =>
  values.reduce((total, each) => total + each, 0);
export const mean = (values: readonly number[]): number => sum(values) / values.length;
