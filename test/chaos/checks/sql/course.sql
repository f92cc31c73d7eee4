-- The ledger as the checks need it. Made anew by each judgement, in a schema of its own.
DROP SCHEMA IF EXISTS judged CASCADE;
CREATE SCHEMA judged;

CREATE INDEX IF NOT EXISTS rows_key ON chaos.rows (watched, key);
CREATE INDEX IF NOT EXISTS rows_xid ON chaos.rows (xid);
CREATE INDEX IF NOT EXISTS history_xid ON chaos.history (xid);
CREATE INDEX IF NOT EXISTS history_key ON chaos.history ("table", key);
ANALYZE chaos.rows, chaos.history, chaos.transactions, chaos.commits, chaos.marks;

-- When a position in the WAL was written. The upper bound is the note after the next one: a server that
-- stood still may have taken a note long after the time that the note says.
CREATE TABLE judged.marks AS
SELECT lsn, at AS after,
  lead(at, 1, 'infinity') OVER (ORDER BY lsn, at) AS before
FROM chaos.marks;
CREATE INDEX ON judged.marks (lsn);

CREATE FUNCTION judged.not_before(place pg_lsn) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT after FROM judged.marks WHERE lsn <= place ORDER BY lsn DESC, after DESC LIMIT 1),
    '-infinity')
$$;
CREATE FUNCTION judged.not_after(place pg_lsn) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT before FROM judged.marks WHERE lsn >= place ORDER BY lsn, before LIMIT 1),
    'infinity')
$$;

CREATE TABLE judged.attempts AS
SELECT key::bigint AS attempt, new ->> 'migration' AS migration, (new ->> 'number')::integer AS number,
  split_part(new ->> 'worker', '@', 1) AS worker, xid, lsn
FROM chaos.history JOIN chaos.commits USING (xid) WHERE "table" = 'attempts' AND op = 'I';
CREATE UNIQUE INDEX ON judged.attempts (attempt);
CREATE INDEX ON judged.attempts (migration, lsn);

-- What attempts have done. Fenced: it has written to our tables.
CREATE TABLE judged.effects AS
SELECT done.xid, commits.lsn, done.attempt, attempts.migration, attempts.number,
  EXISTS (SELECT FROM chaos.history WHERE history.xid = done.xid) AS fenced
FROM (
  SELECT xid, substring(session FROM '^lrm:long_running_migrations:([0-9]+)$')::bigint AS attempt
  FROM chaos.transactions WHERE session LIKE 'lrm:long_running_migrations:%'
) AS done
JOIN chaos.commits USING (xid) LEFT JOIN judged.attempts ON attempts.attempt = done.attempt
WHERE done.attempt IS NOT NULL;
CREATE INDEX ON judged.effects (xid);
CREATE INDEX ON judged.effects (attempt, lsn);

-- The course of each migration in the order of commits. 'claim': an attempt may take effect from here
-- on. 'stop': none may.
CREATE TABLE judged.course AS
SELECT migration, lsn, xid, 'claim' AS kind, attempt, number, 'attempt ' || number AS what, true AS fenced
FROM judged.attempts
UNION ALL
SELECT key, lsn, xid, 'stop', NULL, NULL,
  CASE WHEN op = 'D' THEN 'unregistered' ELSE coalesce(new ->> 'status', 'the end of an attempt') END, true
FROM chaos.history JOIN chaos.commits USING (xid)
WHERE "table" = 'migrations' AND (
  op = 'D'
  OR op = 'U' AND (new ->> 'status' <> 'in_progress' OR new ? 'current_attempt' AND new ->> 'current_attempt' IS NULL))
UNION ALL
SELECT migration, lsn, xid, 'effect', attempt, number, 'attempt ' || number, fenced FROM judged.effects;
CREATE INDEX ON judged.course (migration, lsn) WHERE kind <> 'effect';
ANALYZE judged.course, judged.effects, judged.attempts;
