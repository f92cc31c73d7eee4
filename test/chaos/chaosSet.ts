import type { Client } from '@temporalio/client';
import type { Sql } from '../../drizzle/connect';
import type { CommandResult } from '../support/lrm';
import type { Stop } from './stop';
import type { Timeline } from './timeline/timeline';
import type { PostgresWire } from './wire/postgresWire';
import type { Wire } from './wire/wire';

/** The real set that is broken: servers, workers, operators, and the application's own load. */
export interface ChaosSet {
  /** Everything that a run leaves: logs, histories, timeline. */
  readonly folder: string;
  readonly timeline: Timeline;
  readonly postgres: PostgresSet;
  readonly temporal: TemporalSet;
  /** Three. */
  readonly workers: readonly WorkerSlot[];
  /** LRM_HEARTBEAT_TIMEOUT of the workers and of `lrm`. Milliseconds. */
  readonly heartbeatTimeout: number;
  /** The folder of the workers' jobs, LRM_JOBS_DIR. */
  readonly jobs: string;
  /** What an operator was told has stopped. Faults append to it, and the checker judges. */
  readonly stops: Stop[];
  /** Runs `lrm` as one of the two operators, straight to the servers, and waits for its end. */
  lrm(operator: 1 | 2, ...args: string[]): Promise<CommandResult>;
}

/** A primary with a replica. After a promotion the replica is the primary and has a replica anew. */
export interface PostgresSet {
  /** Of the current primary, as superuser, not through a wire. */
  readonly url: string;
  /** As the role of workers, operators and the application. @param address 'host:port'; default: the primary's */
  appUrl(address?: string): string;
  /** 'host:port' of the current primary. */
  readonly address: string;
  /** Folder of the current primary's data. */
  readonly data: string;
  /** The current primary's postmaster. */
  readonly pid: number;
  /** A client of the current primary. Take it anew for each statement. */
  readonly sql: Sql;
  /** Stops it at once (`immediate`) and starts it. Resolves when it takes connections. */
  crash(): Promise<void>;
  /** Stops it cleanly (`fast`: its sessions are ended) and starts it. Resolves when it takes connections. */
  restart(): Promise<void>;
  /** Ends the primary for good and promotes the replica. Resolves when that takes writes. */
  promote(): Promise<void>;
}

export interface TemporalSet {
  readonly address: string;
  /** Of the running server. @throws Error when none runs */
  readonly pid: number;
  /** Take it anew for each call. */
  readonly client: Client;
  kill(): Promise<void>;
  /** With what it stored before. Resolves when it answers. */
  start(): Promise<void>;
  /** Kills it and starts an empty one at the same address. The schedule is created anew. */
  replaceByEmpty(): Promise<void>;
}

/** A place for a worker. The process in it comes and goes. */
export interface WorkerSlot {
  readonly number: number;
  /** Between the worker, with its jobs, and Postgres. */
  readonly postgres: PostgresWire;
  /** Between the worker and Temporal. */
  readonly temporal: Wire;
  /** Undefined: none runs. */
  readonly pid: number | undefined;
  /** What all processes that were in it have printed so far. */
  printed(): string;
  /** Of its job processes, spare ones included. */
  jobPids(): number[];
  /** Settings for the next start, beside the usual ones. A fault puts back what it has changed. */
  readonly extraEnv: NodeJS.ProcessEnv;
  /** Runs another build from the next start on. Undefined: this one. */
  script: string | undefined;
  /** Starts a process, unless one runs. Resolves when it is ready, or throws after a minute. */
  start(): Promise<void>;
  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when no process runs. */
  ended(): Promise<void>;
}
