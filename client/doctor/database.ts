import { connect, type Sql } from '../../drizzle/connect';
import { describeUnusable, describeWaiting, readInbox } from '../../drizzle/rows/registrations';
import { checkServerAndTables } from '../../worker/health/database';
import { type Finding, failed, ok, warning } from '../../worker/health/finding';

/** @throws whatever connecting to the database throws */
export async function checkDatabase(sql: Sql): Promise<Finding[]> {
  return [
    ...(await checkServerAndTables(sql)),
    ...(await checkInbox(sql)),
    ...(await checkRole(sql)),
  ];
}

/** What the application has registered, and no `lrm migrate` has taken over. */
async function checkInbox(sql: Sql): Promise<Finding[]> {
  const { waiting, unusable } = await readInbox(sql);
  return [
    ...(waiting.length > 0
      ? [failed('registered', describeWaiting(waiting), 'npx lrm migrate')]
      : []),
    ...unusable.map((name) => {
      const { problem, next } = describeUnusable(name);
      return warning('registered', problem, next);
    }),
  ];
}

/** Limits that a role has in all its sessions. A job's sessions set their own. */
async function checkRole(sql: Sql): Promise<Finding[]> {
  const limits = await sql<{ name: string; value: string }[]>`
    select name, reset_val || unit as value from pg_catalog.pg_settings
    where name in ('statement_timeout', 'transaction_timeout', 'lock_timeout',
      'idle_session_timeout', 'idle_in_transaction_session_timeout')
      and reset_val <> '0' order by name`;
  if (limits.length === 0) return [ok('timeouts', 'this role has none')];
  const text = limits.map(({ name, value }) => `${name} ${value}`).join(', ');
  const hard = limits.find(({ name }) => /^(transaction|idle_session)_timeout$/.test(name));
  return hard
    ? [
        warning(
          'timeouts',
          text,
          `ALTER ROLE … SET ${hard.name} = 0: it ends sessions that lrm needs`,
        ),
      ]
    : [ok('timeouts', `${text}; lrm sets its own in each session`)];
}

/**
 * Checks whether transactions share sessions (PgBouncer in transaction mode). If they do, one backend
 * serves two open connections, or several backends serve one.
 */
export async function checkPooler(databaseUrl: string): Promise<Finding> {
  const open = () => connect(databaseUrl, { max: 1, applicationName: 'lrm doctor' });
  const [one, two] = [open(), open()];
  const pids: { one: Set<number>; two: Set<number> } = { one: new Set(), two: new Set() };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      pids.one.add(await backend(one));
      pids.two.add(await backend(two));
    }
  } finally {
    await Promise.all([one.end({ timeout: 1 }), two.end({ timeout: 1 })]);
  }
  const shared = [...pids.one].some((pid) => pids.two.has(pid));
  return shared || pids.one.size > 1 || pids.two.size > 1
    ? warning(
        'pooler',
        "transactions share sessions (PgBouncer in transaction mode?): a session's limits are lost, and its end is not seen",
        'set DATABASE_URL of the worker and lrm to the server itself, or to a pool in session mode',
      )
    : ok('pooler', 'each connection has its own session');
}

/** A busy pooler shows several backends only after some rounds. */
const ROUNDS = 3;

async function backend(sql: Sql): Promise<number> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`.simple();
  return row?.pid ?? 0;
}
