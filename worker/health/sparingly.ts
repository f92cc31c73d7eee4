import { within } from '../../settings/within';
import { reason } from '../reason';
import { type Finding, failed } from './finding';

/** Whoever asks again within this time gets the last answer. Milliseconds. */
const NOT_AGAIN_WITHIN = 1_000;

/**
 * A check that costs the same, however often and by how many it is asked for: one at a time, and not
 * more than one a second. It answers in time and never throws.
 * @param ms after this time it answers 'no answer'. Milliseconds
 * @param late called then, to end what hangs
 */
export function sparingly(
  check: string,
  work: () => Promise<readonly Finding[]>,
  ms: number,
  late: () => void = () => {},
): () => Promise<readonly Finding[]> {
  let last: { readonly at: number; readonly findings: readonly Finding[] } | undefined;
  let current: Promise<readonly Finding[]> | undefined;
  const ask = async () => {
    const findings = await inTime(check, work, ms, late);
    last = { at: performance.now(), findings };
    return findings;
  };
  return async () => {
    if (last && performance.now() - last.at < NOT_AGAIN_WITHIN) return last.findings;
    current ??= ask().finally(() => {
      current = undefined;
    });
    return current;
  };
}

async function inTime(
  check: string,
  work: () => Promise<readonly Finding[]>,
  ms: number,
  late: () => void,
): Promise<readonly Finding[]> {
  const answer = work().catch((error) => [failed(check, reason(error), null)]);
  const findings = await within(ms, answer);
  if (findings) return findings;
  late();
  return [failed(check, `no answer within ${ms / 1000} s`, null)];
}
