import { eq } from 'drizzle-orm';
import type { Database } from '../../drizzle/database';
import { JOB_OF } from '../../drizzle/rows/jobOf';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { skippedCount } from '../../drizzle/rows/skipped';
import { type Migration, migrations } from '../../drizzle/schema';
import { confirm } from '../terminal/confirm';
import { warn } from '../terminal/output';
import { type Meant, meantBy } from './names';

/** What decides whether a command can do something with a migration. */
export type MemberState = Pick<Migration, 'name' | 'status' | 'request' | 'direction'> & {
  /** How many of its rows are recorded as skipped. */
  readonly skipped: number;
};

/** A command that does the same with several migrations. */
export interface GroupAction {
  /** As typed: 'pause'. */
  readonly verb: string;
  /** Whether it is possible. Of a whole job, the others are left as they are. */
  readonly can: (migration: MemberState) => boolean;
  /** True: without asking. */
  readonly yes: boolean;
}

/**
 * The registered migrations that an operator typed, each once. A job stands for those of its targets
 * for which the command is possible, and asks first: one word may mean thousands.
 * @throws OperationRefused when there is no such target, or the operator does not agree; and the
 *   errors of {@link meantBy}
 */
export async function members(
  db: Database,
  typed: readonly string[],
  action: GroupAction,
): Promise<string[]> {
  const all = await meantBy(db, typed);
  const names = new Set<string>();
  const questions: string[] = [];
  for (const meant of all) {
    const chosen = meant.names.length === 1 ? meant.names : await possible(db, meant, action);
    if (meant.names.length > 1) {
      questions.push(
        `${action.verb} ${chosen.length} of the ${meant.names.length} of ${meant.name}`,
      );
    }
    for (const name of chosen) names.add(name);
  }
  if (questions.length > 0 && !action.yes) await confirm(`${questions.join(', and ')}?`, '--yes');
  return [...names];
}

async function possible(db: Database, { name }: Meant, action: GroupAction): Promise<string[]> {
  const rows: MemberState[] = await db
    .select({
      name: migrations.name,
      status: migrations.status,
      request: migrations.request,
      direction: migrations.direction,
      skipped: skippedCount,
    })
    .from(migrations)
    .where(eq(JOB_OF, name))
    .orderBy(migrations.createdAt, migrations.name);
  const chosen = rows.filter(action.can);
  const counts = describe(rows.filter((row) => !action.can(row)));
  if (chosen.length === 0) {
    throw new OperationRefused(
      `can't ${action.verb} any of the ${rows.length} of ${name}: ${counts}`,
    );
  }
  if (chosen.length < rows.length) warn(`left as they are, of ${name}: ${counts}`);
  return chosen.map((row) => row.name);
}

/** '57 completed, 2 failed'. */
function describe(rows: readonly MemberState[]): string {
  const counts = new Map<string, number>();
  for (const { status } of rows) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}
