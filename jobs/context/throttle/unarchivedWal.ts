import { sql } from 'drizzle-orm';
import { sizeText } from '../../../settings/size';
import type { Database } from '../attempt';

interface Archiver extends Record<string, unknown> {
  readonly on: boolean;
  readonly archived: string | null;
  /** The file with which archiving fails since the last success. */
  readonly failing: string | null;
  /** Where the next WAL goes. */
  readonly lsn: string;
  /** Bytes. */
  readonly segment: number;
}

/**
 * Makes a check of how far WAL archiving is behind. It remembers where it looked first: the statistics
 * may have been reset, and then they name no file until the next one is archived.
 */
export function archivingBehind(): (db: Database, limit: number) => Promise<string | undefined> {
  let first: bigint | undefined;
  return async (db, limit) => {
    const [now] = await db.execute<Archiver>(sql`
      select current_setting('archive_mode') <> 'off' as on, last_archived_wal as archived,
        case when last_failed_time > coalesce(last_archived_time, '-infinity')
          then last_failed_wal end as failing,
        pg_current_wal_lsn()::text as lsn,
        pg_size_bytes(current_setting('wal_segment_size'))::int as segment
      from pg_stat_archiver`);
    if (!now?.on) return undefined;
    const end = position(now.lsn);
    first ??= end;
    const failing = begin(now.failing, now.segment);
    const archived = begin(now.archived, now.segment);
    const done = failing ?? (archived === undefined ? first : archived + BigInt(now.segment));
    const behind = Number(end - done);
    if (behind <= limit) return undefined;
    return `WAL archiving is ${sizeText(behind)} behind${now.failing ? ': its command fails' : ''}`;
  };
}

/** '16/B374D848' as a number of bytes. */
function position(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return inBytes(high, low);
}

/** Where the segment of a file begins. Undefined when it is none, but a timeline's history. */
function begin(file: string | null, segment: number): bigint | undefined {
  const [, high, low] = /^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})/.exec(file ?? '') ?? [];
  if (high === undefined || low === undefined) return undefined;
  return inBytes(high, low, segment);
}

/** @param unit bytes that the low part counts by */
const inBytes = (high: string, low: string, unit = 1): bigint =>
  (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`) * BigInt(unit);
