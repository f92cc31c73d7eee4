import { type Rule, rule } from './rules';

const DEAD = 'after the end of a worker';
const FAILED = 'after an error of unknown kind';
const ASKED = 'when an operator has asked for it';

/** Statements of a worker's own sessions. */
export const WORKER_RULES: readonly Rule[] = [
  rule('start: looks', /^(select 1|select to_regclass\(.*|select pg_backend_pid\(\) as pid)$/),
  rule('start: server', /^select pg_catalog\.pg_is_in_recovery\(\) as in_recovery/),
  rule('start: tables', /^with own as \( ?select c\.oid, c\.relname/),
  rule('start: applied', /^select hash, created_at from lrm\.schema_migrations/),
  rule('start: limits', /^set local idle_in_transaction_session_timeout/),
  rule('start: rights', /^select current_user as role, array\(/),
  rule('list: pending', /^select name, created_at, waits_for, direction from lrm\.migrations/),
  rule('list: counts', /^select status, count\(\*\) from lrm\.migrations/),
  rule('list: details', /^select name, status, direction, attempts, waits_for,/),
  rule('list: skipped', /^select count\(distinct lrm\.skipped_rows/),
  rule('list: skipped by walk', /^select coalesce\(lrm\.walks\.name, ''\), count\(\*\)/),
  rule('list: runnable', /^select name from lrm\.migrations where \(.*direction = /),
  rule('list: waits for', /^update lrm\.migrations set waits_for = /, 'for a dependency'),
  rule('installation', /^select id from lrm\.installations/),
  rule('claim: older attempts', /^select id, false from lrm\.attempts/),
  rule('claim: look', /^select \( ?coalesce\(claim_scheduled_at/),
  rule('claim: lock timeout', /^set local lock_timeout = '1s'$/),
  rule('claim: lock', /^select pg_advisory_xact_lock\(/),
  rule('claim: decide', /^select status, direction, error, attempts/),
  rule('claim: end attempts', /^update lrm\.attempts set ended_at = now\(\), outcome = case/),
  rule('claim: insert attempt', /^insert into lrm\.attempts/),
  rule('claim: update row', /^update lrm\.migrations set status = .*claim_scheduled_at = /),
  rule(
    'claim: settle',
    /^update lrm\.migrations set status = \$1, current_attempt = \$2, updated_at/,
    DEAD,
  ),
  rule('end sessions: find', /^select pid, coalesce\(usename/),
  rule('end sessions: end', /^select pg_terminate_backend\(/, DEAD),
  rule('end sessions: elsewhere', /^select id, databases from lrm\.attempts/),
  rule('session: allow', /^select name from lrm\.migrations where .*current_attempt = /),
  rule(
    'outcome: migration',
    /^update lrm\.migrations set .*, current_attempt = \$\d+, waits_for = /,
  ),
  rule('outcome: attempt', /^update lrm\.attempts set heartbeat_at = now\(\), ended_at = now\(\)/),
  rule('beat: attempt', /^update lrm\.attempts set heartbeat_at = now\(\), rows_done = /),
  rule('beat: migration', /^update lrm\.migrations set rows_done = greatest\(/),
  rule('beat: status', /^select status from lrm\.migrations/, ASKED),
  rule('retry: request', /^select request, requested_at, direction from lrm\.migrations/, FAILED),
  rule(
    'retry: attempts',
    /^select id, migration, number, worker, run_id, .* from lrm\.attempts/,
    FAILED,
  ),
  rule('durable', /^select set_config\('synchronous_commit', 'on', true\)/),
];
