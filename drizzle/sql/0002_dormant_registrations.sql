-- An INSERT into registrations with registered_at 'infinity' registers a dormant migration. The table
-- may have been created by the application, with these two columns and by a role of its own, so
-- there can be no column for it.
CREATE OR REPLACE FUNCTION "long_running_migrations"."take_registration"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF NEW.name !~ '^[0-9]{4}_[a-z0-9_]+$' THEN
    RAISE check_violation USING
      MESSAGE = format('%L can''t be the name of a long-running migration', NEW.name),
      HINT = 'Four digits, _, then a-z, 0-9 and _, as in 0001_backfill_email.',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'name';
  END IF;
  IF NEW.registered_at = 'infinity' THEN
    INSERT INTO "long_running_migrations"."migrations"
      (name, status, request, request_reason, requested_by, requested_at)
    VALUES (NEW.name, 'paused', 'pause', 'registered dormant', 'registration', now())
    ON CONFLICT DO NOTHING;
  ELSE
    INSERT INTO "long_running_migrations"."migrations" (name, created_at)
    VALUES (NEW.name, NEW.registered_at) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$$;
