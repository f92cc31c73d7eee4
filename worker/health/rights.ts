import type { Sql } from '../../drizzle/connect';
import { describeMissing, missingRights, partText } from '../../drizzle/rights/missingRights';
import type { Part } from '../../drizzle/rights/rights';
import { type Finding, failed, ok } from './finding';

/**
 * Whether the session's role has the rights of one of these parts. If not, it names the fewest GRANTs
 * that give it those of one.
 */
export async function checkRights(sql: Sql, parts: readonly Part[]): Promise<Finding> {
  const all = await Promise.all(
    parts.map(async (part) => ({ part, ...(await missingRights(sql, part)) })),
  );
  const [first, ...others] = all;
  if (!first) throw new Error('no part to check the rights of');
  const may = all.filter(({ rights }) => rights.length === 0).map(({ part }) => partText(part));
  if (may.length > 0) {
    return ok('rights', `role ${first.role} may do all that ${may.join(' and ')} needs`);
  }
  const nearest = others.reduce(
    (least, each) => (each.rights.length < least.rights.length ? each : least),
    first,
  );
  return failed('rights', describeMissing(nearest.part, nearest) ?? '', null);
}
