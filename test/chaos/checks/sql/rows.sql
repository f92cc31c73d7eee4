-- What became of each row of a table: how often its column was counted up by attempts of the migration.
CREATE FUNCTION judged.rows_of(watched_table regclass, counted_column text, of_migration text)
RETURNS TABLE (
  key text, came pg_lsn,
  done integer, done_now integer, done_at pg_lsn,
  others integer, jumps integer
) LANGUAGE plpgsql AS $$
DECLARE
  this chaos.watched;
  place integer;
  begun pg_lsn;
BEGIN
  SELECT * INTO STRICT this FROM chaos.watched WHERE "table" = watched_table::text;
  place := array_position(this.counted, counted_column);
  -- Since when its stored progress counts: `lrm retry --from-start` gives it a new generation.
  SELECT coalesce(max(lsn), '0/0') INTO begun FROM chaos.history JOIN chaos.commits USING (xid)
  WHERE "table" = 'migrations' AND history.key = of_migration AND op = 'U' AND history.new ? 'generation';
  RETURN QUERY
  SELECT r.key,
    max(c.lsn) FILTER (WHERE r.op = 'I' OR r.old IS NULL),
    count(*) FILTER (WHERE own AND change = 1)::integer,
    count(*) FILTER (WHERE own AND change = 1 AND c.lsn > begun)::integer,
    max(c.lsn) FILTER (WHERE own AND change = 1),
    count(*) FILTER (WHERE change <> 0 AND NOT own)::integer,
    count(*) FILTER (WHERE change NOT IN (0, 1) OR r.op = 'U' AND r.old IS NOT NULL AND r.new IS NOT NULL AND change IS NULL)::integer
  FROM chaos.rows r JOIN chaos.commits c USING (xid) LEFT JOIN judged.effects e USING (xid)
  CROSS JOIN LATERAL (SELECT r.new[place] - r.old[place] AS change, e.migration IS NOT DISTINCT FROM of_migration AS own) AS what
  WHERE r.watched = this.id
  GROUP BY r.key;
END
$$;
