import type { Drawn } from './data';
import type { Panel } from './panels';
import { MARGIN, type Place } from './places';
import type { Theme } from './theme';

/** Above the first row stands how many users there are, and its title above that. */
const ABOVE_FIRST = 40;
const ABOVE = 24;

/** Of a column. */
export const heading = ({ name, rows }: Drawn, { left }: Place, theme: Theme) => ({
  text: name,
  subtext: `${(rows / 1e6).toFixed(1)} M rows done`,
  left,
  top: 10,
  padding: 0,
  itemGap: 5,
  textStyle: { fontSize: 15, fontWeight: 600, color: theme.text },
  subtextStyle: { fontSize: 12, color: theme.muted },
});

export const rowTitle = ({ title }: Panel, { top }: Place, isFirst: boolean, theme: Theme) => ({
  text: title,
  left: MARGIN,
  top: top - (isFirst ? ABOVE_FIRST : ABOVE),
  padding: 0,
  textStyle: { fontSize: 12, fontWeight: 600, color: theme.text },
});

export function legend({ legend = [] }: Panel, { top }: Place, theme: Theme) {
  const rich = legend.map(({ color }, index) => [`c${index}`, { color, fontSize: 11 }]);
  return {
    text: legend.map(({ text }, index) => `{c${index}|${text}}`).join('    '),
    right: MARGIN,
    top: top - ABOVE + 1,
    padding: 0,
    textStyle: {
      fontSize: 11,
      fontWeight: 400,
      color: theme.muted,
      rich: Object.fromEntries(rich),
    },
  };
}

/** In the middle of a panel that has nothing to show. */
export const noBatches = ({ left, top, width, height }: Place, theme: Theme) => ({
  text: 'no batches',
  left: left + width / 2,
  top: top + height / 2 - 6,
  padding: 0,
  textAlign: 'center',
  textStyle: { fontSize: 11, fontWeight: 400, color: theme.muted },
});
