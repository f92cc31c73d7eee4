import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { attempts, migrations } from '../schema';

/**
 * The last attempt of a row of `migrations` that ran other code than `hash`. Null: there is none.
 * What came before `--from-start` doesn't count, since nothing of it is left; nor do attempts of
 * older workers, which have stored no hash.
 */
export const jobChangedSince = (hash: SQLWrapper): SQL<number | null> => sql<number | null>`(
  select max(other.number) from ${attempts} as other
  where other.migration = ${migrations.name} and other.started_at >= ${migrations.startedAt}
    and other.job_hash <> ${hash})`;

/** What an operator reads: rows may have been done by two different versions of a job. */
export const jobChangedText = (attempt: number): string =>
  `job file changed since attempt ${attempt}`;
