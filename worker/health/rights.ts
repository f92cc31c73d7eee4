import type { Sql } from '../../drizzle/connect';
import { describeMissing, missingRights } from '../../drizzle/rights/missingRights';
import { type Finding, failed, ok } from './finding';

/** A role that is neither a worker's nor an operator's gets the fewest GRANTs that make it one. */
export async function checkRights(sql: Sql): Promise<Finding> {
  const worker = await missingRights(sql, 'worker');
  const operator = await missingRights(sql, 'operator');
  const all = [
    ['worker', worker],
    ['operator', operator],
  ] as const;
  const may = all.filter(([, { rights }]) => rights.length === 0).map(([part]) => PARTS[part]);
  if (may.length > 0) {
    return ok('rights', `role ${worker.role} may do all that ${may.join(' and ')} needs`);
  }
  const [part, missing] = operator.rights.length < worker.rights.length ? all[1] : all[0];
  return failed('rights', describeMissing(part, missing) ?? '', null);
}

const PARTS = { worker: 'a worker', operator: 'an operator' } as const;
