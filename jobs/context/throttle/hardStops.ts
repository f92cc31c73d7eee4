import { sqlState } from '../../../drizzle/sqlState';
import { size } from '../../../settings/size';
import type { Database, Log } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { slotBehind } from './slotBehind';
import type { Check } from './throttler';
import { archivingBehind } from './unarchivedWal';
import { unlessTrouble } from './unlessTrouble';
import { wraparoundVacuum } from './wraparoundVacuum';

/** Limits of the server at which a walk waits, however little it harms the application. */
export interface HardStopOptions {
  /**
   * The walk waits while more WAL than this is not archived yet: it fills the server's disk, and a
   * backup lacks it. Only where `archive_mode` is on. `false` turns this off. Default: '1 GB'.
   */
  readonly unarchivedWal?: string | false | undefined;
  /**
   * The walk waits while a replication slot holds back more WAL than this: its reader can't follow, and
   * the disk fills. If the server drops slots at a limit of its own (`max_slot_wal_keep_size`), half of
   * that counts when it is less. `false` turns this off. Default: '4 GB'.
   */
  readonly slotLag?: string | false | undefined;
  /**
   * The walk waits while autovacuum works on its table to prevent transaction ID wraparound: that must
   * end before the server stops all writes. `false` turns this off. Default: true.
   */
  readonly wraparoundVacuum?: boolean | undefined;
}

/** {@link HardStopOptions} with the defaults filled in. */
export interface HardStops {
  /** Bytes. Undefined: off. */
  readonly unarchivedBytes: number | undefined;
  readonly slotBytes: number | undefined;
  readonly wraparound: boolean;
}

/** 64 segments. An archive that works is one or two behind. */
const UNARCHIVED_WAL = '1 GB';
/** More than readers of logical changes are behind after a long transaction, and less than a disk. */
const SLOT_LAG = '4 GB';

/** @throws JobUsageError that names the option with a value that is not allowed */
export function readHardStops(options: HardStopOptions): HardStops {
  const { unarchivedWal = UNARCHIVED_WAL, slotLag = SLOT_LAG, wraparoundVacuum = true } = options;
  if (typeof wraparoundVacuum !== 'boolean') {
    throw new JobUsageError('throttle.wraparoundVacuum is neither true nor false');
  }
  return {
    unarchivedBytes: readSize('unarchivedWal', unarchivedWal),
    slotBytes: readSize('slotLag', slotLag),
    wraparound: wraparoundVacuum,
  };
}

function readSize(name: string, value: string | false): number | undefined {
  if (value === false) return undefined;
  const bytes = typeof value === 'string' ? size(value) : undefined;
  if (bytes !== undefined) return bytes;
  throw new JobUsageError(`throttle.${name} is not a size; write '1 GB', or false`);
}

/**
 * The checks of a walk. Each costs one query and needs no right that not every role has. One that the
 * server refuses (not all services offer everything) is left out, which the log says once. A timeout
 * only leaves out one look.
 * @param tableId the walked table's OID
 */
export function hardStops(
  { db, log }: { readonly db: Database; readonly log: Log },
  tableId: string,
  { unarchivedBytes, slotBytes, wraparound }: HardStops,
): readonly Check[] {
  const archiving = archivingBehind();
  return [
    ...(unarchivedBytes === undefined
      ? []
      : [unlessRefused('WAL archiving', log, () => archiving(db, unarchivedBytes))]),
    ...(slotBytes === undefined
      ? []
      : [unlessRefused('replication slots', log, () => slotBehind(db, slotBytes))]),
    ...(wraparound ? [unlessRefused('autovacuum', log, () => wraparoundVacuum(db, tableId))] : []),
  ];
}

/** Not supported; no right; not in this state. */
const REFUSED = /^(0A|42|55)/;

function unlessRefused(what: string, log: Log, stop: Check): Check {
  // A lock timeout (55P03) is trouble, and no refusal.
  const check = unlessTrouble(stop);
  let refused = false;
  return async () => {
    if (refused) return undefined;
    try {
      return await check();
    } catch (error) {
      const state = sqlState(error);
      if (typeof state !== 'string' || !REFUSED.test(state)) throw error;
      refused = true;
      log.warn(
        `the throttle can't look at ${what} (SQLSTATE ${state}): the walk does not wait for it`,
      );
      return undefined;
    }
  };
}
