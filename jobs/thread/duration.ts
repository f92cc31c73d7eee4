import ms, { type StringValue } from 'ms';

/** A duration as Temporal writes it, '30 seconds' or '2h', in milliseconds; undefined when it is none. */
export function duration(text: string): number | undefined {
  // A bare number has no unit, and its writer's may not be ours.
  const value = /[a-z]/i.test(text) && text.length < 100 ? ms(text as StringValue) : undefined;
  return value !== undefined && Number.isFinite(value) && value > 0 ? Math.round(value) : undefined;
}
