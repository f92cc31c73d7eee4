import { eq } from 'drizzle-orm';
import type { Sql } from '../../drizzle/connect';
import { missingEntries } from '../../drizzle/migrator/migrate';
import { publicEpoch } from '../../drizzle/rights/jobViews';
import { requireCurrent, selectIfCurrent } from '../../drizzle/rows/fence';
import { type Origin, type Visited, visit } from '../../drizzle/rows/visit';
import { attempts, walks } from '../../drizzle/schema';
import { type Attempt, type Database, fencedTransaction, type Transaction } from './attempt';
import { JobUsageError } from './jobUsageError';
import { requireShape } from './walk/shape';
import { findWalk } from './walk/store';

/** The further databases that a job may work in. */
export interface OtherDatabases {
  /**
   * Drizzle on this attempt's own sessions in the database of that name.
   * @throws JobUsageError when there is no setting for it
   */
  open(name: string): Database;
  /** A pool of one further session in that database; see {@link Attempt.canary}. */
  canary(name: string): Sql;
}

/** Where the walks of an attempt work and keep their place. */
export class Places {
  readonly #visits = new Map<string, Promise<Attempt>>();

  constructor(
    private readonly attempt: Attempt,
    private readonly origin: Origin,
    private readonly others: OtherDatabases,
  ) {}

  /**
   * The attempt with which a walk works: in the database of that name, or in the main one.
   * @throws JobUsageError when the database has no setting or lacks our tables, or when the walk
   *   began in another database; Superseded when a newer attempt has begun.
   */
  async of(walk: string, database: string | undefined): Promise<Attempt> {
    if (database === undefined) return this.attempt;
    const db = this.others.open(database);
    await requireTables(db, database);
    await this.#reserve(walk, database);
    let visiting = this.#visits.get(database);
    if (!visiting) {
      visiting = this.#visit(database, db, this.others.canary(database));
      this.#visits.set(database, visiting);
    }
    return visiting;
  }

  /** The attempt in each database in which it has begun to walk. */
  async visited(): Promise<Map<Database, Attempt>> {
    const attempts = await Promise.all(this.#visits.values());
    return new Map(attempts.map((attempt) => [attempt.db, attempt]));
  }

  #visit(database: string, db: Database, canary: Sql): Promise<Attempt> {
    const { attempt, origin } = this;
    return fencedTransaction(attempt, async (tx) => {
      const stillCurrent = async () => {
        const [row] = await tx.execute(selectIfCurrent(attempt));
        requireCurrent(attempt, row);
      };
      const { attempt: there, before } = await visit(attempt, origin, db, stillCurrent);
      if (before && !(await isKnown(tx, before))) attempt.log.warn(unknownVisitor(database));
      return { ...attempt, ...there, db, canary, home: attempt };
    });
  }

  /**
   * The walk's row in the main database says in which database the walk is, and nothing else. A walk
   * that later moves to another database is refused: its place would be unknown there, and all of it
   * would be done again.
   */
  #reserve(walk: string, database: string): Promise<void> {
    const { migration } = this.attempt;
    const shape = { database };
    return fencedTransaction(this.attempt, async (tx) => {
      const found = await findWalk(tx, migration, walk);
      if (found) requireShape(found, shape);
      else await tx.insert(walks).values({ migration, name: walk, shape });
    });
  }
}

/** Whether an attempt is one of this main database. */
async function isKnown(tx: Transaction, { id, epoch }: Visited): Promise<boolean> {
  const [found] = await tx
    .select({ epoch: attempts.epoch })
    .from(attempts)
    .where(eq(attempts.id, id));
  if (!found) return false;
  // Attempts of older versions have no epoch.
  if (found.epoch === null || found.epoch === epoch) return true;
  // LRM_JOB_DATABASE_URL was set or taken away in between.
  return publicEpoch(found.epoch) === epoch || found.epoch === publicEpoch(epoch);
}

const unknownVisitor = (database: string): string =>
  `the attempt that walked in database '${database}' before is not one of this main database: it ` +
  'was restored or lost commits, or a copy of it walks there, too; the walk goes on where that ' +
  'one stopped (docs/disaster.md)';

async function requireTables(db: Database, database: string): Promise<void> {
  const missing = await missingEntries(db.$client);
  if (missing.length === 0) return;
  throw new JobUsageError(
    `database '${database}' lacks ${missing.join(', ')}: a walk keeps its place in our tables, in ` +
      `the database of its rows; type: npx lrm migrate --database ${database}`,
  );
}
