import ms, { type StringValue } from 'ms';

/** Longer than this a timer of Node's can't wait: it would fire at once. Milliseconds (24 days). */
const LONGEST = 24 * 24 * 3_600_000;

/** A duration as Temporal writes it, '30 seconds' or '2h', in milliseconds; undefined when it is none, or not from 1 ms to 24 days. */
export function duration(text: string): number | undefined {
  // A bare number has no unit, and its writer's may not be ours.
  const value = /[a-z]/i.test(text) && text.length < 100 ? ms(text as StringValue) : undefined;
  return value !== undefined && value >= 1 && value <= LONGEST ? Math.round(value) : undefined;
}
