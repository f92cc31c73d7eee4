// 2026-11-22: fills places.name_search. Removable once every install has completed it.
import type { JobContext } from './context';

/**
 * Copy this job for your own. A job has to be idempotent: an attempt can be stopped anywhere (time
 * limit, deploy, crash), and the next attempt calls run() again from the beginning. So each group
 * takes only rows that still need the change. Whatever a job does outside of this database (another
 * service, files) must be safe to do twice: after its worker was frozen, the old attempt can overlap
 * the next one for up to one heartbeat interval.
 */
export async function run(job: JobContext): Promise<void> {
  const [count] = await job.sql<{ total: number; done: number }[]>`
    select count(*)::int as total, count(name_search)::int as done from places`;
  let done = count?.done ?? 0;
  for (let last: string | null = '0'; last !== null; ) {
    job.progress(done, count?.total);
    // Stop between two groups: here no statement is interrupted.
    job.signal.throwIfAborted();
    // One statement is one transaction: it changes the whole group or nothing.
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

/** The group's greatest key, null for an empty group, and its number of rows. */
type Group = { last: string | null; rows: number };
