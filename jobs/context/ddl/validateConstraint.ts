import { sql } from 'drizzle-orm';
import { type Attempt, fencedTransaction } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { type TableReference, tableText } from '../names';
import { LOCK_TIMEOUT } from '../step/step';
import { backOff, TRIES_AT_MOST } from '../walk/backOff';
import { troubleOf } from '../walk/trouble';
import { requireName } from './definition';
import { qualified } from './look';
import { runStatement } from './statement';

interface Constraint {
  readonly table: TableReference;
  readonly name: string;
}

/** @throws JobUsageError when the arguments of `job.validateConstraint` make no sense */
export function readConstraint(table: TableReference, name: string): Constraint {
  requireName(name, 'a constraint');
  return { table, name };
}

/**
 * Validates the constraint, unless it is valid; see JobContext.validateConstraint. It waits for its
 * lock for a short time only, since other changes of the table queue up behind it.
 */
export async function validateConstraint(
  attempt: Attempt,
  constraint: Constraint,
  say: (text: string) => void,
): Promise<void> {
  for (let failures = 1; ; failures++) {
    attempt.signal.throwIfAborted();
    try {
      const table = await find(attempt, constraint);
      if (table.valid) return;
      say('validates all rows');
      const statement = sql`alter table ${qualified(table, table.name)}
        validate constraint ${sql.identifier(constraint.name)}`;
      await runStatement(attempt, statement, { lockTimeout: LOCK_TIMEOUT, say });
      return;
    } catch (error) {
      attempt.signal.throwIfAborted();
      if (!troubleOf(error) || failures >= TRIES_AT_MOST) throw error;
      say('waits for its lock');
    }
    await backOff(failures, attempt.signal);
  }
}

function find(attempt: Attempt, { table, name }: Constraint) {
  return fencedTransaction(attempt, async (tx) => {
    const [found] = await tx.execute<{ schema: string; name: string; valid: boolean }>(sql`
      select n.nspname as schema, t.relname as name, c.convalidated as valid
      from pg_constraint c join pg_class t on t.oid = c.conrelid
        join pg_namespace n on n.oid = t.relnamespace
      where c.conrelid = to_regclass(${tableText(table)}::text) and c.conname = ${name}`);
    if (!found) {
      throw new JobUsageError(
        `${tableText(table)} has no constraint ${name}: first add it, with NOT VALID`,
      );
    }
    // An attempt that may do nothing leaves the rows to a worker.
    if (!found.valid && attempt.hasRows) {
      const rows = await tx.execute(sql`select from ${qualified(found, found.name)} limit 1`);
      if (rows.length > 0) await attempt.hasRows(`table ${found.schema}.${found.name}`);
    }
    return found;
  });
}
