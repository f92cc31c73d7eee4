import type { Sql } from '../../../drizzle/connect';
import { SCHEMA } from '../../../drizzle/schema';

/** What an attempt has done to the database so far. */
export interface Work {
  /** Transactions that it has ended. */
  readonly commits: number;
  /** How long they kept the server active. Milliseconds. */
  readonly activeMs: number;
}

/** One measurement. */
export interface Pulse {
  /** How long the transaction took, with its flush to the disk. Milliseconds. */
  readonly ms: number;
  /** When it was measured, by the server's clock. Milliseconds. */
  readonly at: number;
}

/**
 * A row gets no more updates than this. While somebody holds an old snapshot (a dump, a report), no
 * old version of the row can be removed, and each update has to pass all of them: the canary would
 * measure itself. A new row has none.
 */
const PULSES_A_ROW = 100;
/** How many transactions one pulse is: the update with what stands before it, and the last look. */
export const TRANSACTIONS_A_PULSE = 2;

const TABLE = `"${SCHEMA}".canaries`;
const BEGIN = 'begin isolation level read committed read write';
const NOW = 'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as us';

/**
 * One tiny transaction on a row of the attempt's own, as the application's are: an update of one row
 * that waits for the disk. When the database is busy, it takes longer, for the same reasons.
 *
 * All of it is one message, between two looks at the server's clock. So neither the network nor a
 * busy thread of ours is in the figure: the server begins when it has all of the message, and waits
 * for nothing of ours.
 *
 * It is not fenced. It changes nothing but the row of its own attempt, in which no attempt believes,
 * and the fence's lock would make it wait for claims.
 */
export class Canary {
  #row: string | undefined;
  #pulses = 0;

  /** @param sql a pool of one session, which has the attempt's name */
  constructor(private readonly sql: Sql) {}

  /**
   * Measures once, and shows the attempts beside this one how much of the load is ours.
   * @returns undefined when there is nothing to go by: the row was new, or gone
   */
  async pulse({ commits, activeMs }: Work): Promise<Pulse | undefined> {
    if (this.#row === undefined || this.#pulses >= PULSES_A_ROW) {
      await this.#takeRow({ commits, activeMs });
      return undefined;
    }
    this.#pulses += 1;
    const update = `update ${TABLE} set commits = ${Math.round(commits)}, active_ms = ${Number(activeMs)}
      where id = ${this.#row} returning id::text as updated`;
    const rows = await this.#send([NOW, BEGIN, update, 'commit', NOW]);
    // Somebody has removed it.
    if (!rows.some(({ updated }) => updated !== undefined)) this.#row = undefined;
    const [from, to] = rows.flatMap(({ us }) => (us === undefined ? [] : [Number(us)]));
    if (from === undefined || to === undefined) return undefined;
    return { ms: (to - from) / 1_000, at: to / 1_000 };
  }

  async #send(statements: readonly string[]): Promise<Found[]> {
    try {
      const results: unknown = await this.sql.unsafe(statements.join('; ')).simple();
      return (results as readonly (readonly Found[])[]).flat();
    } catch (error) {
      await this.sql.unsafe('rollback').catch(() => {});
      throw error;
    }
  }

  /** Removes the row. The next pulse would take a new one. */
  async end(): Promise<void> {
    const row = this.#row;
    this.#row = undefined;
    if (row !== undefined) await this.sql.unsafe(`delete from ${TABLE} where id = ${row}`);
  }

  /** Also removes what attempts have left whose sessions are gone: they were killed. */
  async #takeRow({ commits, activeMs }: Work): Promise<void> {
    const [row] = await this.sql.unsafe<{ id: string }[]>(
      `with old as (delete from ${TABLE} where id in (
          select id from ${TABLE} c where session = current_setting('application_name')
            or not exists (select from pg_stat_activity a
              where a.application_name = c.session and a.datname = current_database())
          for update skip locked))
        insert into ${TABLE} (session, commits, active_ms)
        values (current_setting('application_name'), $1::bigint, $2::float8) returning id`,
      [Math.round(commits), activeMs],
    );
    this.#row = /^\d+$/.test(row?.id ?? '') ? row?.id : undefined;
    this.#pulses = 0;
  }
}

interface Found {
  readonly us?: string;
  readonly updated?: string;
}
