import type { Client } from '@temporalio/client';
import type { Sql } from '../../../../drizzle/connect';
import type { CommandResult } from '../../../support/lrm';
import type { Expected } from '../../checks/index';
import type { Part } from '../../fault';
import type { StagedWorker } from './stagedWorker';
import type { WalkedTable } from './walkedTable';

/** Where one scenario is played with one build: a database, a namespace, and workers. */
export interface Stage {
  /** A client of the database, as superuser, not through a wire. */
  readonly sql: Sql;
  readonly client: Client;
  /** A folder that only this play uses. */
  readonly folder: string;
  /** Starts a worker of the build that is tried. The first one is number 1. */
  startWorker(env?: NodeJS.ProcessEnv): Promise<StagedWorker>;
  /** Makes a table whose rows a job counts up, with the ledger's triggers. */
  createTable(rows: number): Promise<WalkedTable>;
  /**
   * Writes a job, registers it, and starts the run or wakes it.
   * @param source of a CommonJS module
   * @param expected how it must end, and what it has to do
   */
  migrate(name: string, source: string, expected: Omit<Expected, 'name'>): Promise<void>;
  /** Starts the run, or wakes it. */
  run(): Promise<void>;
  /** Runs `lrm` of the unchanged build. */
  lrm(...args: string[]): Promise<CommandResult>;
  /**
   * Waits until the migration's row has one of these statuses.
   * @param deadline milliseconds. Default: a minute and a half
   */
  until(name: string, statuses: readonly string[], deadline?: number): Promise<void>;
  /** Waits until the number of its attempts that have begun is this one. */
  untilAttempt(name: string, number: number): Promise<void>;
  /** Notes for the checks that something is broken while `body` runs. */
  breaking<T>(
    kind: string,
    part: Part,
    worker: StagedWorker | undefined,
    body: () => Promise<T>,
  ): Promise<T>;
  /** Notes what must not have happened, and what only the scenario can see. */
  found(check: string, what: string): void;
  /** Crashes Postgres at once and starts it again. */
  crashPostgres(): Promise<void>;
}
