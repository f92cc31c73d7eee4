ALTER TABLE "long_running_migrations"."migrations" DROP CONSTRAINT "migrations_name_check";--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "input" jsonb;--> statement-breakpoint
CREATE INDEX "migrations_job" ON "long_running_migrations"."migrations" USING btree (split_part("name", ':', 1));--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD CONSTRAINT "migrations_name_check" CHECK ("long_running_migrations"."migrations"."name" ~ '^[0-9]{4}_[a-z0-9_]+(:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?$');--> statement-breakpoint
-- From here on by hand. A job process gets its input as one line, which has a limit; and an input is
-- read by each attempt. A CHECK would be evaluated at each heartbeat, a trigger only for an input.
CREATE FUNCTION "long_running_migrations"."check_input"() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF octet_length(NEW.input::text) > 921600 THEN
    RAISE check_violation USING
      MESSAGE = format('the input of %s is larger than 900 KiB', NEW.name),
      HINT = 'Store the data in a table of the application, and its key in the input.',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'input',
      CONSTRAINT = 'migrations_input_size';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "check_input" BEFORE INSERT OR UPDATE OF input ON "long_running_migrations"."migrations"
FOR EACH ROW WHEN (NEW.input IS NOT NULL) EXECUTE FUNCTION "long_running_migrations"."check_input"();
--> statement-breakpoint
-- As before, but for names with a target, and with the input. to_jsonb: the application may have made
-- the table, without that column.
CREATE OR REPLACE FUNCTION "long_running_migrations"."take_registration"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  given jsonb;
BEGIN
  IF NEW.name !~ '^[0-9]{4}_[a-z0-9_]+(:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?$' THEN
    RAISE check_violation USING
      MESSAGE = format('%L can''t be the name of a long-running migration', NEW.name),
      HINT = 'Four digits, _, then a-z, 0-9 and _, as in 0001_backfill_email; with a target, as in 0001_backfill_email:tenant_7.',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'name';
  END IF;
  given := nullif(to_jsonb(NEW) -> 'input', 'null');
  IF NEW.registered_at = 'infinity' THEN
    INSERT INTO "long_running_migrations"."migrations"
      (name, input, status, request, request_reason, requested_by, requested_at)
    VALUES (NEW.name, given, 'paused', 'pause', 'registered dormant', 'registration', now())
    ON CONFLICT DO NOTHING;
  ELSE
    INSERT INTO "long_running_migrations"."migrations" (name, created_at, input)
    VALUES (NEW.name, NEW.registered_at, given) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
-- Only its owner can add a column. Last, so that an application's migration waits as short as possible.
DO $$
BEGIN
  IF (SELECT pg_has_role(relowner, 'USAGE') FROM pg_catalog.pg_class
      WHERE oid = '"long_running_migrations".registrations'::regclass) THEN
    ALTER TABLE "long_running_migrations"."registrations" ADD COLUMN IF NOT EXISTS "input" jsonb;
  END IF;
END
$$;
