import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { attempts, migrations } from '../schema';

/**
 * The last attempt of a row of `migrations` that ran other code than `hash`. Null: there is none.
 * What came before `--from-start` doesn't count, since nothing of it is left; nor do attempts of
 * older workers, which have stored no hash.
 *
 * Most often the code has not changed at all, or only now. So it looks at the latest attempts first.
 * Then it goes from one hash to the next by the index `attempts_job`, since there are few: a search
 * from the latest attempt on could read half a million.
 */
export const jobChangedSince = (hash: SQLWrapper): SQL<number | null> => {
  const own = sql`a.migration = ${migrations.name}`;
  const since = sql`a.started_at >= ${migrations.startedAt}`;
  const inOrder = sql`order by a.job_hash, a.number limit 1`;
  return sql<number | null>`coalesce((
    select max(latest.number) from (
      select * from ${attempts} as a where ${own} order by a.number desc limit ${LATEST}
    ) as latest
    where latest.started_at >= ${migrations.startedAt} and latest.job_hash <> ${hash}
  ), (
    with recursive other (job_hash) as (
      (select a.job_hash from ${attempts} as a where ${own} and a.job_hash is not null ${inOrder})
      union all
      select (
        select a.job_hash from ${attempts} as a where ${own} and a.job_hash > other.job_hash ${inOrder}
      ) from other where other.job_hash is not null
    )
    select max((
      select a.number from ${attempts} as a
      where ${own} and a.job_hash = other.job_hash and ${since}
      order by a.number desc limit 1
    )) from other where other.job_hash <> ${hash}))`;
};

/** Attempts. A deploy that is in progress may change the code back and forth. */
const LATEST = 5;

/** What an operator reads: rows may have been done by two different versions of a job. */
export const jobChangedText = (attempt: number): string =>
  `job file changed since attempt ${attempt}`;
