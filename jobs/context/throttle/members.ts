import { LANES_AT_MOST } from '../options';
import type { Bounds } from './law/pace';

/** A walk that shares a pace with the others of its attempt in one database. */
export interface Member {
  /** Its greatest number of lanes. 'auto': as many as the server may have a use for. */
  readonly lanes: number | 'auto';
  /** Its author's target time of a batch. Milliseconds. */
  readonly batchMs: number;
  /** The factor that the application may be slowed down by. */
  readonly slowdown: number;
}

/**
 * What the walks allow together.
 * @param guess the number of lanes for 'auto'
 */
export function boundsOf(members: readonly Member[], guess: number): Bounds {
  const auto = members.some(({ lanes }) => lanes === 'auto');
  const given = members.reduce((sum, { lanes }) => sum + (lanes === 'auto' ? 0 : lanes), 0);
  const lanes = auto ? Math.max(guess, given + 1) : given;
  return {
    batchMs: Math.max(...members.map(({ batchMs }) => batchMs)),
    lanes: Math.min(LANES_AT_MOST, Math.max(lanes, members.length)),
    guessed: auto,
    slowdown: Math.min(...members.map(({ slowdown }) => slowdown)),
  };
}

/** Divides lanes among walks: at least one for each, and the first ones get what is left over. */
export function divide(members: readonly Member[], lanes: number): Map<Member, number> {
  const shares = new Map(members.map((member) => [member, 1]));
  for (let left = lanes - members.length, given = true; left > 0 && given; ) {
    given = false;
    for (const member of members) {
      const share = shares.get(member) ?? 1;
      if (left === 0 || (member.lanes !== 'auto' && share >= member.lanes)) continue;
      shares.set(member, share + 1);
      left -= 1;
      given = true;
    }
  }
  return shares;
}
