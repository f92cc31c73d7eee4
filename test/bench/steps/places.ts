/** As wide as a README on GitHub, so that its text is not scaled down. */
export const WIDTH = 960;
export const MARGIN = 18;
/** The labels of the first column's axes. */
const LEFT = 54;
const BETWEEN = 18;
/** The headings of the columns, and above the first panels how many users there are. */
const TOP = 76;
/** The heading of each row of panels. */
const HEADING = 32;
/** The labels of the seconds. */
const BOTTOM = 34;
const HEIGHTS = [84, 42, 58, 104, 104];
export const HEIGHT = TOP + above(HEIGHTS.length) + BOTTOM;

/** Where a panel stands, in pixels. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function placeOf(row: number, column: number, columns: number): Place {
  const width = (WIDTH - LEFT - MARGIN - BETWEEN * (columns - 1)) / columns;
  return {
    left: LEFT + column * (width + BETWEEN),
    top: TOP + above(row) + HEADING,
    width,
    height: HEIGHTS[row] ?? 0,
  };
}

function above(row: number): number {
  return HEIGHTS.slice(0, row).reduce((all, height) => all + height + HEADING, 0);
}
