import type { Client } from '@temporalio/client';
import type { Bench } from './server';

/**
 * When something happened to one migration, in milliseconds since 1970. Temporal, Postgres and the
 * job run on the same machine and read the same clock.
 */
export interface Moments {
  readonly scheduled: number;
  readonly started: number;
  readonly claimed: number;
  /** The top level of the job's file was executed. */
  readonly loaded: number;
  readonly called: number;
  /** Postgres forked the process of the job's first session. */
  readonly connected: number;
  readonly statement: number;
  readonly ended: number;
  readonly completed: number;
}

/** Names of the parts, from one moment to the next. */
export const PARTS: readonly [string, keyof Moments, keyof Moments][] = [
  ['Temporal: from scheduling the activity to its start', 'scheduled', 'started'],
  ['look at the file and the dependencies, then the claim', 'started', 'claimed'],
  ['end older sessions, take a process, load the job', 'claimed', 'loaded'],
  ['until `run()` is called', 'loaded', 'called'],
  ['open a connection', 'called', 'connected'],
  ['log in, check the session with the worker, first statement', 'connected', 'statement'],
  ['confirm, end the process and its sessions, write the outcome', 'statement', 'ended'],
  ['answer Temporal', 'ended', 'completed'],
];

/** The job of this benchmark: it records when it was loaded, called and connected. */
export const JOB = `
  const loaded = Date.now();
  exports.run = async (job) => {
    const called = Date.now();
    await job.sql\`insert into ran select \${job.name}, clock_timestamp(), \${loaded}, \${called}, backend_start
      from pg_stat_activity where pid = pg_backend_pid()\`;
  };`;

export const RAN = `
  drop table if exists ran;
  create table ran (name text, at timestamptz, loaded bigint, called bigint, connected timestamptz)`;

/** Reads the moments of each migration, in the order of their claims. */
export async function readMoments({ sql }: Bench, { events }: History): Promise<Moments[]> {
  const rows = await sql<
    ({ name: string } & Omit<Moments, 'scheduled' | 'started' | 'completed'>)[]
  >`
    select ran.name, ${ms(sql, 'a.started_at')} as claimed, loaded::float8, called::float8,
      ${ms(sql, 'connected')} as connected, ${ms(sql, 'ran.at')} as statement,
      ${ms(sql, 'a.ended_at')} as ended
    from long_running_migrations.attempts a join ran on ran.name = a.migration order by a.id`;
  return rows.flatMap(({ name, ...row }) => {
    const hop = events.get(name);
    return hop ? [{ ...row, ...hop }] : [];
  });
}

const ms = (sql: Bench['sql'], column: string) =>
  sql.unsafe(`extract(epoch from ${column})::float8 * 1000`);

/** An activity in a run's history. */
export interface Hop {
  readonly scheduled: number;
  readonly started: number;
  readonly completed: number;
}

export interface History {
  /** By migration. */
  readonly events: ReadonlyMap<string, Hop>;
  readonly listings: readonly Hop[];
}

/** Reads when the activities of a run were scheduled, started and completed. */
export async function readHistory(client: Client, workflowId: string): Promise<History> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const names = new Map<string, string>();
  const hops = new Map<string, { -readonly [moment in keyof Hop]: number }>();
  for (const event of events ?? []) {
    const at = Number(event.eventTime?.seconds) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6;
    const scheduled = event.activityTaskScheduledEventAttributes;
    const begun = event.activityTaskStartedEventAttributes;
    const done = event.activityTaskCompletedEventAttributes;
    if (scheduled) {
      names.set(String(event.eventId), scheduled.activityId ?? '');
      hops.set(String(event.eventId), { scheduled: at, started: 0, completed: 0 });
    }
    const started = hops.get(String(begun?.scheduledEventId));
    if (started) started.started = at;
    const completed = hops.get(String(done?.scheduledEventId));
    if (completed) completed.completed = at;
  }
  const all = [...hops].map(([id, hop]) => ({ name: names.get(id) ?? '', hop }));
  const ours = all.filter(({ name }) => /^[0-9]{4}_/.test(name));
  return {
    events: new Map(ours.map(({ name, hop }) => [name, hop])),
    listings: all.filter(({ name }) => !/^[0-9]{4}_/.test(name)).map(({ hop }) => hop),
  };
}
