import { sql } from 'drizzle-orm';
import { sizeText } from '../../../settings/size';
import type { Database } from '../attempt';

interface Slot extends Record<string, unknown> {
  readonly name: string;
  readonly active: boolean;
  /** Bytes of WAL that the server keeps for it. */
  readonly behind: number;
  /** The server drops the slot at so many. Null: never. */
  readonly kept: number | null;
}

/**
 * Names the replication slot that holds back the most WAL, if that is more than `limit` bytes, or more
 * than half of what the server keeps for a slot at all. What a lost slot wants is not kept any more.
 */
export async function slotBehind(db: Database, limit: number): Promise<string | undefined> {
  const [slot] = await db.execute<Slot>(sql`
    select slot_name as name, active,
      pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 as behind,
      (select nullif(setting, '-1')::float8 * 1048576 from pg_settings
        where name = 'max_slot_wal_keep_size') as kept
    from pg_replication_slots s
    where restart_lsn is not null and to_jsonb(s) ->> 'wal_status' is distinct from 'lost'
    order by behind desc limit 1`);
  if (!slot || slot.behind <= Math.min(limit, (slot.kept ?? Number.POSITIVE_INFINITY) / 2)) {
    return undefined;
  }
  const unread = slot.active ? '' : ', and nobody reads it';
  return `replication slot ${slot.name} holds back ${sizeText(slot.behind)} of WAL${unread}`;
}
