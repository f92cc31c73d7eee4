import { connect, type Sql } from '../drizzle/connect';
import { NotConnected } from '../drizzle/connection/notConnected';
import { explainJobUrl } from '../drizzle/explainPostgres';
import { JOB_SCHEMA, SCHEMA } from '../drizzle/ourSchema';
import { identifier } from '../drizzle/rights/identifier';
import { EPOCH_SETTING, jobViewsVersion } from '../drizzle/rights/jobViews';
import { INBOX } from '../drizzle/rows/registrations';
import type { Settings } from '../settings/settings';

/** What a session of the job's role and one of the worker's find out. */
interface Seen {
  readonly role: string;
  readonly database: string;
  /** Which views there are. Null: none. */
  readonly version: string | null;
  /** Whether the role can read or write our tables without them. */
  readonly reaches: boolean;
  /** What the session was given at its start. */
  readonly given: string | null;
}

/**
 * Why jobs can't run under the role of LRM_JOB_DATABASE_URL; undefined when they can, or when they have
 * none of their own.
 * @throws what connecting throws; its message names the setting that is wrong
 */
export async function jobRoleProblem({
  databaseUrl,
  LRM_JOB_DATABASE_URL: url,
}: Pick<Settings, 'databaseUrl' | 'LRM_JOB_DATABASE_URL'>): Promise<string | undefined> {
  if (url === undefined) return undefined;
  const options = { max: 1, applicationName: 'lrm worker' };
  const own = connect(databaseUrl, options);
  const job = connect(url, {
    ...options,
    setting: 'LRM_JOB_DATABASE_URL',
    ownPassword: true,
    startUp: { [EPOCH_SETTING]: TRIED },
  });
  try {
    const seen = await look(job).catch((error) => {
      const known = explainJobUrl(error);
      throw known === undefined ? error : new NotConnected(known);
    });
    const worker = await look(own);
    return problem(seen, worker, await mayEnd(own, seen.role));
  } finally {
    await Promise.all([own.end({ timeout: 2 }), job.end({ timeout: 2 })]);
  }
}

const TRIED = '00000000-0000-0000-0000-000000000000';

function problem(job: Seen, worker: Seen, mayEnd: boolean): string | undefined {
  const setting = 'LRM_JOB_DATABASE_URL';
  if (job.database !== worker.database) {
    return `${setting} is another database than DATABASE_URL: only the role may differ`;
  }
  if (job.version !== jobViewsVersion()) {
    const what =
      job.version === null ? 'there are no views for it' : 'its views are those of another version';
    return `${setting}: ${what}; run the SQL that npx lrm grants --owner … --worker … --job … prints`;
  }
  if (job.reaches) {
    return `${setting}: role ${job.role} can reach our tables by itself, so it keeps nothing from a job; give it no rights on the tables in schema ${SCHEMA}`;
  }
  if (job.given !== TRIED) {
    return `${setting}: a pooler keeps back what a session says at its start; name the server itself`;
  }
  if (mayEnd) return undefined;
  return `role ${worker.role} may not end the sessions of role ${job.role}: GRANT pg_signal_backend TO ${identifier(worker.role)}`;
}

async function look(sql: Sql): Promise<Seen> {
  const [row] = await sql<Seen[]>`
    select current_user as role,
      concat_ws(' ', extract(epoch from pg_postmaster_start_time()), current_database(),
        (select oid from pg_catalog.pg_namespace where nspname = ${SCHEMA})) as database,
      (select obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace
        where nspname = ${JOB_SCHEMA}) as version,
      coalesce((select bool_or(has_any_column_privilege(c.oid, 'select, insert, update')
          or has_table_privilege(c.oid, 'delete'))
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${SCHEMA} and c.relkind in ('r', 'p') and c.relname not in ('canaries', ${INBOX})), false) as reaches,
      current_setting(${EPOCH_SETTING}, true) as given`;
  if (!row) throw new Error('a SELECT returned no row');
  return row;
}

/** As pg_terminate_backend() judges. */
async function mayEnd(sql: Sql, role: string): Promise<boolean> {
  const [row] = await sql<{ may: boolean }[]>`
    select pg_has_role(r.oid, 'usage')
      or (pg_has_role('pg_signal_backend', 'usage') and not r.rolsuper) as may
    from pg_catalog.pg_roles r where rolname = ${role}`;
  return row?.may ?? false;
}
