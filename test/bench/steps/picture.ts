import { init } from 'echarts';
import type { Phase } from '../load/schedule';
import { ALONE, type Course } from './course';
import { type Drawn, drawn } from './data';
import { layout } from './layout';
import { HEIGHT, WIDTH } from './places';
import { DARK, LIGHT, type Theme } from './theme';

/** Draws the courses of one round for light and dark pages. */
export function drawSteps(
  round: Readonly<Record<string, Course>>,
  phases: readonly Phase[],
): Record<string, string> {
  const alone = round[ALONE] ?? { samples: { elsewhere: [], sameTable: [] }, moments: [] };
  const end = phases.reduce((all, { ms }) => all + ms, 0);
  const courses = Object.entries(round)
    .filter(([name]) => name !== ALONE)
    .map(([name, course]) => drawn(name, course, alone, end));
  return {
    'load-steps.svg': draw(courses, phases, LIGHT),
    'load-steps-dark.svg': draw(courses, phases, DARK),
  };
}

/** The SVG, without scripts, fonts or anything else from elsewhere. */
export function draw(courses: readonly Drawn[], phases: readonly Phase[], theme: Theme): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption(layout(courses, phases, theme));
    return described(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** What the picture shows, for who can't see it. */
export const ALT =
  "Rows per second, lanes, batch time and the application's times while its load steps up and " +
  'ends: for one UPDATE, a fixed duty cycle, and the defaults';

/** Adds the title, and leaves out styles for a mouse: the picture is an image on a page. */
function described(svg: string): string {
  return svg
    .replace(/<style >[\s\S]*?<\/style>\s*/g, '')
    .replaceAll(/ class="zr[\w-]+"/g, '')
    .replace(/^<svg [^>]*>/, (begin) => `${begin}\n<title>${ALT}</title>`);
}
