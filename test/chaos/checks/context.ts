import type { Client } from '@temporalio/client';

import type { Sql } from '../../../drizzle/connect';
import type { Part } from '../fault';
import type { Stop } from '../stop';
import type { Fragment } from './fragments';

/** What the checks get, after workers, load and operators have ended. */
export interface CheckContext {
  /** A client of the present primary, as superuser. */
  readonly sql: Sql;
  readonly client: Client;
  /** All its files are searched: workers' logs (`worker-*.log`), histories, what `lrm` printed. */
  readonly folder: string;
  /** The migrations that were registered. Others are findings. */
  readonly migrations: readonly Expected[];
  /** What was broken, by whom and when. Times are the real ones of this machine. */
  readonly faults: readonly KnownFault[];
  /** Each worker process that has run, in any slot. */
  readonly workers: readonly WorkerLife[];
  /** Undefined: there was no load. */
  readonly foreground?: ForegroundAccount;
  /** What operators were told has stopped. Default: none. */
  readonly stops?: readonly Stop[];
  readonly memory: readonly MemorySample[];
  /** Stands in a column of each walked row, and must stand nowhere else. */
  readonly secret: string;
  /** TMPDIR of the workers and of nobody else. Undefined: not checked. */
  readonly temporary?: string;
}

export interface Expected {
  readonly name: string;
  /**
   * How it must end: 'stopped' when an operator has the last word (paused or cancelled), 'any' when
   * that may be so or not.
   */
  readonly end: 'completed' | 'failed' | 'stopped' | 'any';
  /** Outcomes that its job brings about by itself, without a fault: 'retried', 'timed_out', 'failed'. */
  readonly outcomes?: readonly string[];
  /** The rows that its walk has to do. Undefined: it does no rows. */
  readonly work?: Work;
}

/** Rows of a watched table. Each goes from `n` to `n + 1` once. */
export interface Work {
  /** As given to watchTable. */
  readonly table: string;
  /** The column that its job counts up, one of those given to watchTable. */
  readonly counted: string;
  /** Which rows of table `t`, by columns that never change: sql`t.owner = 'migration'`. Default: all. */
  readonly where?: (sql: Sql) => Fragment;
  /** False: its job does them without finished ranges (no inBatches). Default true. */
  readonly ranges?: boolean;
  /** Rows that are left out and stand in skipped_rows. Default 0. */
  readonly skipped?: number;
  /** False: rows that came after its first claim must not be done. Default true: they may be. */
  readonly newRows?: boolean;
}

/** What the checks know of a fault that the nemesis has made. */
export interface KnownFault {
  readonly kind: string;
  readonly part: Part;
  /** The slot's number, of a fault that concerns one worker. */
  readonly worker?: number | undefined;
  /** Milliseconds since 1970, when it began and when it was mended. */
  readonly from: number;
  readonly upto: number;
}

export interface WorkerLife {
  readonly pid: number;
  /** The slot's number. */
  readonly worker: number;
  readonly from: number;
  /** Undefined: it never ended, which is a finding. */
  readonly upto?: number | undefined;
}

export interface MemorySample {
  readonly pid: number;
  readonly at: number;
  /** RSS of the worker's own process. Bytes. */
  readonly bytes: number;
}

/** What the load on the same tables knows of itself. */
export interface ForegroundAccount {
  /** The application name of its sessions. */
  readonly session: string;
  readonly tables: readonly ForegroundTable[];
  readonly errors: readonly ForegroundError[];
}

export interface ForegroundTable {
  /** As given to watchTable. */
  readonly table: string;
  /** A counted column that nobody else writes. Each of its transactions adds 1 in some rows. */
  readonly column: string;
  /** Additions whose COMMIT was answered. */
  readonly added: number;
  /** Additions that ended with an error: done or not. */
  readonly doubtful: number;
  /** Rows that it has inserted or deleted, by key as text. 'unknown': after an error. Default: none. */
  readonly rows?: ReadonlyMap<string, 'there' | 'gone' | 'unknown'>;
}

export interface ForegroundError {
  /** Milliseconds since 1970: when its statement began, and when it failed. */
  readonly from: number;
  readonly at: number;
  /** The SQLSTATE, or the code of the driver or the system. */
  readonly code: string;
}
