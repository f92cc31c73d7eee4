import type { LineSeriesOption } from 'echarts';
import type { Phase } from '../load/schedule';
import type { Theme } from './theme';

/** The background of a panel: how many users there are. */
export function bands(
  phases: readonly Phase[],
  labelled: boolean,
  theme: Theme,
): NonNullable<LineSeriesOption['markArea']> {
  const most = Math.max(...phases.map(({ perSecond }) => perSecond));
  let begun = 0;
  const data = phases.map(({ perSecond, ms }): [object, object] => {
    const from = begun;
    begun += ms / 1_000;
    const color = perSecond > 0 ? theme.bands[perSecond === most ? 1 : 0] : 'transparent';
    const name = perSecond > 0 ? `${perSecond} tx/s` : 'nobody';
    return [{ xAxis: from, name: labelled ? name : '', itemStyle: { color } }, { xAxis: begun }];
  });
  const label = { position: 'top' as const, color: theme.muted, fontSize: 11, distance: 3 };
  return { silent: true, label, data };
}
