import type { Sql } from '../../../../drizzle/connect';
import type { Fault, Target } from '../../fault';
import { inSession } from './session';
import { untilGoesOn, type WalkedTable, walkedTable } from './walked';

/** A change of a table that does not concern its walk. */
export interface TableChange {
  readonly kind: string;
  readonly fits?: (walk: WalkedTable) => boolean;
  /**
   * Changes it, and later puts it back.
   * @returns what was done, and that it was seen to have had effect
   */
  change(sql: Sql, walk: WalkedTable, target: Target): Promise<string>;
}

/** The walk goes on after it, and the checker sees whether each row was done once. */
export const tableFault = ({ kind, fits, change }: TableChange): Fault => ({
  kind,
  part: 'tables',
  needs: ['postgres'],
  inflict: async (target) => {
    const walk = await walkedTable(target.set, target.random, fits);
    const what = await inSession(target.set, (sql) => change(sql, walk, target));
    await untilGoesOn(target.set, walk.migration);
    return `${what} of ${walk.table}, which ${walk.migration} walks`;
  },
});
