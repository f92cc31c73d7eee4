import type { Random } from '../../random';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How far a clock is set, in seconds: forward or back, by a wrong NTP server, zone, or battery. */
export function anOffset(random: Random, largest = 3 * DAY): number {
  const sizes = [20, 2 * MINUTE, 30 * MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY, 400 * DAY];
  const size = random.pick(sizes.filter((each) => each <= largest));
  return random.chance(0.5) ? size : -size;
}

/** '+1 h', '−2 min'. */
export function offsetText(seconds: number): string {
  const size = Math.abs(seconds);
  const [unit, name] = (
    [
      [DAY, 'd'],
      [HOUR, 'h'],
      [MINUTE, 'min'],
      [1, 's'],
    ] as const
  ).find(([each]) => size >= each && size % each === 0) ?? [1, 's'];
  return `${seconds < 0 ? '−' : '+'}${size / unit} ${name}`;
}
