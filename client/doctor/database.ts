import type { Sql } from '../../drizzle/connect';
import { OWN_SESSIONS, SHARED_SESSIONS, sharesSessions } from '../../drizzle/connection/pooler';
import { describeUnusable, describeWaiting, readInbox } from '../../drizzle/rows/registrations';
import { checkServerAndTables } from '../../worker/health/database';
import { type Finding, failed, ok, warning } from '../../worker/health/finding';

/** @throws whatever connecting to the database throws */
export async function checkDatabase(sql: Sql): Promise<Finding[]> {
  return [
    ...(await checkServerAndTables(sql, ['worker', 'operator'])),
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

/** Whether a pooler stands in between that we can't work with. */
export async function checkPooler(databaseUrl: string): Promise<Finding> {
  return (await sharesSessions(databaseUrl, { applicationName: 'lrm doctor' }))
    ? failed('pooler', SHARED_SESSIONS, `set DATABASE_URL of the worker and lrm to ${OWN_SESSIONS}`)
    : ok('pooler', 'each connection has its own session');
}
