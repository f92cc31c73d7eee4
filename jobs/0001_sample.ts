// 2026-11-22: fills places.name_search. Removable once every install has completed it.
import type { JobContext } from './context';

/**
 * The one to copy. It has to be idempotent: an attempt can be stopped anywhere (time limit, deploy,
 * crash), and the next one calls run() from its beginning. So each group takes only rows that still
 * need it. And what a job does outside of this database (another service, files) must bear being
 * done twice: after a freeze of its worker, the old attempt can overlap the next one for up to one
 * heartbeat interval.
 */
export async function run(job: JobContext): Promise<void> {
  const [count] = await job.sql<{ total: number; done: number }[]>`
    select count(*)::int as total, count(name_search)::int as done from places`;
  let done = count?.done ?? 0;
  for (let last: string | null = '0'; last !== null; ) {
    job.progress(done, count?.total);
    // Between two groups is the place to stop.
    job.signal.throwIfAborted();
    // One statement is one transaction: all of a group, or nothing.
    const [group]: Group[] = await job.sql<Group[]>`
      with todo as (
        select id from places where id > ${last} and name_search is null order by id limit 5000
      ), changed as (
        update places set name_search = lower(name) where id in (select id from todo)
      )
      select max(id) as last, count(*)::int as rows from todo`;
    done += group?.rows ?? 0;
    last = group?.last ?? null;
  }
}

/** Its greatest key, null when nothing was left, and how many rows it had. */
type Group = { last: string | null; rows: number };
