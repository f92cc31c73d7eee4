import ms, { type StringValue } from 'ms';

/** Node's timers fire at once when they are set to more than 24.8 days. Milliseconds. */
const LONGEST = 24 * 24 * 3_600_000;

/**
 * Reads a duration as Temporal writes it: '30 seconds' or '2h'.
 * @returns milliseconds, or undefined when it is not a duration from 1 ms to 24 days
 */
export function duration(text: string): number | undefined {
  // A number without a unit is refused: its writer may have meant seconds.
  const isUsable = typeof text === 'string' && /[a-z]/i.test(text) && text.length < 100;
  const value = isUsable ? ms(text as StringValue) : undefined;
  return value !== undefined && value >= 1 && value <= LONGEST ? Math.round(value) : undefined;
}

/**
 * Milliseconds as every screen shows them: '3 d 4 h', '2 h 5 min', '3 min 20 s' or '8 s'. The `ms`
 * package would show only one unit: '2m' for 90 seconds.
 */
export function durationText(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return 'for ever';
  const whole = Math.max(0, Math.round(milliseconds / 1000));
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}
