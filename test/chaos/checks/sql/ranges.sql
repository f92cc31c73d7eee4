-- All finished ranges that were ever stored.
CREATE TABLE judged.ranges AS
SELECT h.xid, (h.new ->> 'walk')::bigint AS walk, nullif(h.new -> 'after', 'null') AS after,
  h.new -> 'upto' AS upto, (h.new ->> 'rows')::bigint AS rows,
  walk.new #>> '{shape,direction}' = 'descending' AS descending, walk.new -> 'shape' ? 'groupBy' AS grouped
FROM chaos.history h LEFT JOIN chaos.history walk
  ON walk."table" = 'walks' AND walk.key = h.new ->> 'walk' AND walk.op = 'I'
WHERE h."table" = 'finished_ranges' AND h.op = 'I';
CREATE INDEX ON judged.ranges (xid);
CREATE INDEX ON judged.ranges (walk, upto);
ANALYZE judged.ranges;

-- The rows that attempts of a migration have counted up without a finished range, or a record of a
-- skipped row, around them in the same transaction.
CREATE FUNCTION judged.outside_of_ranges(
  watched_table regclass, counted_column text, of_migration text)
RETURNS TABLE (key text, xid xid8, number integer) LANGUAGE plpgsql AS $$
DECLARE
  this chaos.watched;
  key_of_row text;
  key_after text;
  key_upto text;
  single boolean;
BEGIN
  SELECT * INTO STRICT this FROM chaos.watched WHERE "table" = watched_table::text;
  single := cardinality(this.key) = 1;
  SELECT string_agg(judged.typed(watched_table, k, CASE WHEN single THEN 'done.key' ELSE format('(done.key::text[])[%s]', at) END), ', ' ORDER BY at),
    string_agg(judged.typed(watched_table, k, format('(range.after ->> %s)', at - 1)), ', ' ORDER BY at),
    string_agg(judged.typed(watched_table, k, format('(range.upto ->> %s)', at - 1)), ', ' ORDER BY at)
  INTO key_of_row, key_after, key_upto FROM unnest(this.key) WITH ORDINALITY AS columns (k, at);
  RETURN QUERY EXECUTE format($query$
    SELECT done.key, done.xid, effect.number
    FROM chaos.rows done JOIN judged.effects effect USING (xid)
    WHERE done.watched = $1 AND done.op = 'U' AND effect.migration = $2 AND done.old[$3] <> done.new[$3]
      AND NOT EXISTS (
        SELECT FROM judged.ranges range
        WHERE range.xid = done.xid AND (
          -- The bounds of groups are no keys.
          grouped
          OR descending IS NOT TRUE AND (range.after IS NULL OR ROW(%1$s) > ROW(%2$s)) AND ROW(%1$s) <= ROW(%3$s)
          OR descending AND (range.after IS NULL OR ROW(%1$s) < ROW(%2$s)) AND ROW(%1$s) >= ROW(%3$s)))
      AND NOT EXISTS (
        SELECT FROM chaos.history
        WHERE history.xid = done.xid AND history."table" = 'skipped_rows' AND history.op = 'D'
          AND done.key = judged.key_text(history.old -> 'key'))
    $query$, key_of_row, key_after, key_upto)
  USING this.id, of_migration, array_position(this.counted, counted_column);
END
$$;

-- A text as a value of a column, with the column's collation.
CREATE FUNCTION judged.typed(watched_table regclass, column_name text, expression text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT format('%s::%s', expression, format_type(atttypid, atttypmod))
    || CASE WHEN attcollation <> 0 THEN format(' COLLATE %s', attcollation::regcollation) ELSE '' END
  FROM pg_attribute WHERE attrelid = watched_table AND attname = column_name
$$;

-- A key of ours as the ledger has it.
CREATE FUNCTION judged.key_text(key jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_array_length(key) WHEN 1 THEN key ->> 0
    ELSE (SELECT array_agg(value ORDER BY at)::text FROM jsonb_array_elements_text(key) WITH ORDINALITY AS parts (value, at)) END
$$;
