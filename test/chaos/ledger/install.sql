-- What the checks judge by. It is written by triggers, in the transaction that makes the change, so it
-- holds exactly what was committed. Nothing in it is ever changed.
CREATE SCHEMA chaos;

-- One row for each transaction that made a recorded change.
CREATE TABLE chaos.transactions (
  xid xid8 PRIMARY KEY,
  -- 'lrm:long_running_migrations:<id>' of an attempt, 'lrm worker', 'lrm'.
  session text NOT NULL,
  backend integer NOT NULL,
  began_at timestamptz NOT NULL
);

-- Written at the very end of the transaction. The position in the WAL gives the order of commits also
-- where clocks are set back: of two transactions that exclude each other by a lock, the one that
-- committed first has the lower position. A transaction that does not commit leaves no row.
CREATE TABLE chaos.commits (
  xid xid8 PRIMARY KEY,
  lsn pg_lsn NOT NULL,
  -- By the server's clock, which a fault may have set.
  at timestamptz NOT NULL
);

-- The real time, noted from outside now and then. It tells when a position in the WAL was written.
CREATE TABLE chaos.marks (
  lsn pg_lsn NOT NULL,
  at timestamptz NOT NULL
);

-- The tables with counted columns.
CREATE TABLE chaos.watched (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  "table" text NOT NULL UNIQUE,
  key text[] NOT NULL,
  counted text[] NOT NULL
);

-- Each change of a counted column, and each row that came or went.
CREATE TABLE chaos.rows (
  id bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL,
  watched integer NOT NULL,
  key text NOT NULL,
  op "char" NOT NULL,
  -- In the order of watched.counted. Null: there was, or is, no such row.
  old bigint[],
  new bigint[]
);

-- Each change of our own tables, as far as it differs.
CREATE TABLE chaos.history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid xid8 NOT NULL,
  "table" text NOT NULL,
  -- The migration's name, or the ID of the attempt, walk, range, step or skipped row.
  key text NOT NULL,
  op "char" NOT NULL,
  old jsonb,
  new jsonb
);

CREATE FUNCTION chaos.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'nothing in chaos.% can be changed', TG_TABLE_NAME;
END
$$;

CREATE FUNCTION chaos.note_commit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO chaos.commits VALUES (NEW.xid, pg_current_wal_insert_lsn(), clock_timestamp());
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON chaos.transactions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chaos.note_commit();

CREATE FUNCTION chaos.note_transaction() RETURNS xid8
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO chaos.transactions
  VALUES (pg_current_xact_id(), current_setting('application_name'), pg_backend_pid(), clock_timestamp())
  ON CONFLICT DO NOTHING;
  SELECT pg_current_xact_id();
$$;

-- Of two rows as JSON, what differs in the first one.
CREATE FUNCTION chaos.differing(one jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT CASE WHEN one IS NULL OR other IS NULL THEN one ELSE (
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(one)
    WHERE value IS DISTINCT FROM other -> key) END
$$;

-- TG_ARGV[0]: the column that tells which row it is.
CREATE FUNCTION chaos.note_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  -- Only the job needs them, and they may be large.
  old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - '{checkpoint,input,cursor,result}'::text[] END;
  new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - '{checkpoint,input,cursor,result}'::text[] END;
BEGIN
  INSERT INTO chaos.history (xid, "table", key, op, old, new)
  VALUES (chaos.note_transaction(), TG_TABLE_NAME, coalesce(new_row, old_row) ->> TG_ARGV[0],
    left(TG_OP, 1)::"char", chaos.differing(old_row, new_row), chaos.differing(new_row, old_row));
  RETURN NULL;
END
$$;

CREATE FUNCTION chaos.note_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO chaos.history (xid, "table", key, op)
  VALUES (chaos.note_transaction(), TG_TABLE_NAME, '', 'T');
  RETURN NULL;
END
$$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY '{transactions,commits,marks,watched,rows,history}'::text[] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chaos.%I
      FOR EACH STATEMENT EXECUTE FUNCTION chaos.refuse()', name);
  END LOOP;
  FOREACH name IN ARRAY '{migrations,attempts,walks,finished_ranges,skipped_rows,steps}'::text[] LOOP
    EXECUTE format('CREATE TRIGGER zz_chaos AFTER INSERT OR UPDATE OR DELETE ON long_running_migrations.%I
      FOR EACH ROW EXECUTE FUNCTION chaos.note_history(%L)',
      name, CASE name WHEN 'migrations' THEN 'name' ELSE 'id' END);
    EXECUTE format('CREATE TRIGGER zz_chaos_truncate AFTER TRUNCATE ON long_running_migrations.%I
      FOR EACH STATEMENT EXECUTE FUNCTION chaos.note_truncate()', name);
  END LOOP;
END
$$;
