import type { CheckContext } from './context';
import { type Finding, findings } from './finding';

/**
 * Once the claim of a later attempt has committed, nothing of an earlier one commits. What a job does
 * outside of the fence may, but not after something of the later attempt.
 */
export async function oneAtATime({ sql }: CheckContext): Promise<Finding[]> {
  const late = await sql<Late[]>`
    select effect.migration, effect.number, claim.number as claimed, effect.xid::text as xid
    from judged.effects effect
    join judged.attempts own on own.attempt = effect.attempt
    cross join lateral (
      select number from judged.attempts claim
      where claim.migration = effect.migration and claim.lsn > own.lsn and claim.lsn < effect.lsn
        and (effect.fenced or exists (
          select from judged.effects other
          where other.attempt = claim.attempt and other.lsn < effect.lsn))
      order by claim.lsn limit 1
    ) claim
    order by effect.lsn`;
  const unknown = await sql<{ attempt: string }[]>`
    select effect.attempt::text as attempt from judged.effects effect
    left join judged.attempts own on own.attempt = effect.attempt
    where own.attempt is null or own.lsn > effect.lsn group by effect.attempt order by 1`;
  return [
    ...findings(
      CHECK,
      late.map(
        ({ migration, number, claimed, xid }) =>
          `${migration}: transaction ${xid} of attempt ${number} committed after the claim of attempt ${claimed}`,
      ),
    ),
    ...findings(
      CHECK,
      unknown.map(({ attempt }) => `something of attempt ID ${attempt} committed before its claim`),
    ),
  ];
}

const CHECK = 'one attempt at a time';

interface Late {
  readonly migration: string;
  readonly number: number;
  readonly claimed: number;
  readonly xid: string;
}
