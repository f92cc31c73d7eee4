import type { Sql } from '../../drizzle/connect';
import { type Database, database, dialectOf, type Transaction } from '../../drizzle/database';
import { nameElsewhere } from '../../drizzle/rows/sessions';
import { databaseSetting, isDatabaseName } from '../../settings/databases';
import type { OtherDatabases } from '../context/elsewhere';
import { JobUsageError } from '../context/index';
import type { RunInput } from '../process/messages';

/** Where sessions are, and what they are called in pg_stat_activity. */
export interface Place {
  readonly applicationName: string;
  /** The name of a further database. Undefined: the main one. */
  readonly database?: string;
}

/** As in the main database, Drizzle and postgres.js have pools of their own. */
interface Pools {
  readonly db: Database;
  readonly sql: Sql;
  /** One session. */
  readonly canary: Sql;
}

/** An attempt's sessions in further databases, which are opened when needed. */
export class OtherSessions implements OtherDatabases {
  readonly #pools = new Map<string, Pools>();

  /**
   * @param connect opens a pool whose sessions wait until the worker allows them
   * @param isUsed whether a session in that database has been opened
   */
  constructor(
    private readonly input: Pick<RunInput, 'databases' | 'origin' | 'attempt'>,
    private readonly connect: (url: string, place: Place, max?: number) => Sql,
    private readonly isUsed: (name: string) => boolean,
  ) {}

  /** @throws JobUsageError when there is no setting for it */
  sessionsIn(name: string): Pools {
    const known = this.#pools.get(name);
    if (known) return known;
    const url = urlOf(this.input.databases, name);
    const { origin, attempt } = this.input;
    const place = {
      applicationName: nameElsewhere(origin.installation, attempt.id),
      database: name,
    };
    const pools = {
      db: database(this.connect(url, place)),
      sql: this.connect(url, place),
      canary: this.connect(url, place, 1),
    };
    this.#pools.set(name, pools);
    return pools;
  }

  open(name: string): Database {
    return this.sessionsIn(name).db;
  }

  canary(name: string): Sql {
    return this.sessionsIn(name).canary;
  }

  /** The databases in which the job has opened a session. */
  get used(): readonly Database[] {
    return [...this.#pools].filter(([name]) => this.isUsed(name)).map(([, { db }]) => db);
  }

  /** The name of the further database that a transaction is in; undefined for the main one. */
  nameOf(tx: Transaction): string | undefined {
    const found = [...this.#pools].find(([, { db }]) => dialectOf(db) === dialectOf(tx));
    return found?.[0];
  }

  async end(): Promise<void> {
    const all = [...this.#pools.values()].flatMap(({ db, sql, canary }) => [
      db.$client,
      sql,
      canary,
    ]);
    await Promise.all(all.map((each) => each.end({ timeout: 1 })));
  }
}

function urlOf(urls: RunInput['databases'], name: string): string {
  if (!isDatabaseName(name)) {
    throw new JobUsageError(
      "a database's name is written in a-z, 0-9 and _, as in job.database('archive') for LRM_DATABASE_ARCHIVE_URL",
    );
  }
  const url = Object.hasOwn(urls, name) ? urls[name] : undefined;
  if (url) return url;
  throw new JobUsageError(
    `there is no database '${name}': set ${databaseSetting(name)} where workers and lrm run`,
  );
}
