import { sql } from 'drizzle-orm';
import type { Database } from '../database';
import { migrations } from '../schema';
import type { Asked } from './stop';
import { transitions } from './transitions';

/**
 * Registers a migration, as the INSERT of a schema migration does.
 * @param dormant who registers it as paused: it begins only after `lrm resume`. Default: it is pending
 * @returns false when it was registered already; nothing was changed
 */
export async function register(db: Database, name: string, dormant?: Asked): Promise<boolean> {
  const inserted = await db
    .insert(migrations)
    .values({ name, ...(dormant && asleep(dormant)) })
    .onConflictDoNothing()
    .returning({ name: migrations.name });
  return inserted.length > 0;
}

/** As after `lrm pause`, so that status, gates and `lrm resume` need to know nothing of it. */
const asleep = ({ by, reason }: Asked) => ({
  status: transitions.pause.to,
  request: 'pause' as const,
  requestReason: reason ?? DORMANT,
  requestedBy: by,
  requestedAt: sql`now()`,
});

/** Why a migration is paused that nobody has paused. The SQL of our trigger says the same. */
const DORMANT = 'registered dormant';
