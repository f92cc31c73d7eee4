-- Notes each change of the counted columns of a table, and each of its rows that comes or goes.
-- Triggers for each statement: those for each row would slow down a batch much more.
CREATE FUNCTION chaos.watch(watched_table regclass, key_columns text[], counted_columns text[])
RETURNS void LANGUAGE plpgsql AS $watch$
DECLARE
  watched_id integer;
  key_of_new text;
  key_of_old text;
  same_key text;
  new_counts text;
  old_counts text;
BEGIN
  INSERT INTO chaos.watched ("table", key, counted)
  VALUES (watched_table::text, key_columns, counted_columns) RETURNING id INTO watched_id;
  SELECT string_agg(format('n.%I = o.%I', k, k), ' AND ') INTO same_key FROM unnest(key_columns) AS k;
  key_of_new := chaos.key_text('n', key_columns);
  key_of_old := chaos.key_text('o', key_columns);
  SELECT format('ARRAY[%s]::bigint[]', string_agg(format('n.%I', c), ', ' ORDER BY at)),
    format('ARRAY[%s]::bigint[]', string_agg(format('o.%I', c), ', ' ORDER BY at))
  INTO new_counts, old_counts FROM unnest(counted_columns) WITH ORDINALITY AS columns (c, at);

  -- A key that changes is one row that goes and another one that comes.
  EXECUTE format($$
    CREATE FUNCTION chaos.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $body$
    BEGIN
      INSERT INTO chaos.rows (xid, watched, key, op, old, new)
      SELECT pg_current_xact_id(), %s, CASE WHEN n.there THEN %s ELSE %s END, 'U',
        CASE WHEN o.there THEN %s END, CASE WHEN n.there THEN %s END
      FROM (SELECT true AS there, * FROM new_rows) AS n
      FULL JOIN (SELECT true AS there, * FROM old_rows) AS o ON %s
      WHERE n.there IS NULL OR o.there IS NULL OR %s IS DISTINCT FROM %s;
      IF FOUND THEN PERFORM chaos.note_transaction(); END IF;
      RETURN NULL;
    END $body$ $$,
    'updated_' || watched_id, watched_id, key_of_new, key_of_old,
    old_counts, new_counts, same_key, old_counts, new_counts);
  EXECUTE format($$
    CREATE FUNCTION chaos.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $body$
    BEGIN
      INSERT INTO chaos.rows (xid, watched, key, op, new)
      SELECT pg_current_xact_id(), %s, %s, 'I', %s FROM new_rows AS n;
      IF FOUND THEN PERFORM chaos.note_transaction(); END IF;
      RETURN NULL;
    END $body$ $$,
    'inserted_' || watched_id, watched_id, key_of_new, new_counts);
  EXECUTE format($$
    CREATE FUNCTION chaos.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $body$
    BEGIN
      INSERT INTO chaos.rows (xid, watched, key, op, old)
      SELECT pg_current_xact_id(), %s, %s, 'D', %s FROM old_rows AS o;
      IF FOUND THEN PERFORM chaos.note_transaction(); END IF;
      RETURN NULL;
    END $body$ $$,
    'deleted_' || watched_id, watched_id, key_of_old, old_counts);

  EXECUTE format('CREATE TRIGGER zz_chaos_updated AFTER UPDATE ON %s
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION chaos.%I()', watched_table, 'updated_' || watched_id);
  EXECUTE format('CREATE TRIGGER zz_chaos_inserted AFTER INSERT ON %s
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION chaos.%I()', watched_table, 'inserted_' || watched_id);
  EXECUTE format('CREATE TRIGGER zz_chaos_deleted AFTER DELETE ON %s
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION chaos.%I()', watched_table, 'deleted_' || watched_id);
  EXECUTE format('CREATE TRIGGER zz_chaos_truncated BEFORE TRUNCATE ON %s
    FOR EACH STATEMENT EXECUTE FUNCTION chaos.refuse()', watched_table);
END
$watch$;

-- The expression for the key of a row as text.
CREATE FUNCTION chaos.key_text(alias text, key_columns text[]) RETURNS text LANGUAGE sql AS $$
  SELECT CASE count(*) WHEN 1 THEN min(format('%I.%I::text', alias, k))
    ELSE format('ARRAY[%s]::text', string_agg(format('%I.%I::text', alias, k), ', ' ORDER BY at)) END
  FROM unnest(key_columns) WITH ORDINALITY AS columns (k, at)
$$;
