CREATE TYPE "long_running_migrations"."migration_direction" AS ENUM('forward', 'revert');--> statement-breakpoint
ALTER TYPE "long_running_migrations"."attempt_outcome" ADD VALUE 'reverted';--> statement-breakpoint
ALTER TYPE "long_running_migrations"."migration_status" ADD VALUE 'reverted';--> statement-breakpoint
ALTER TYPE "long_running_migrations"."operator_request" ADD VALUE 'revert';--> statement-breakpoint
CREATE TABLE "long_running_migrations"."installations" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	CONSTRAINT "installations_only_check" CHECK ("long_running_migrations"."installations"."only")
);
--> statement-breakpoint
CREATE TABLE "long_running_migrations"."skipped_rows" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."skipped_rows_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"migration" varchar(255) NOT NULL,
	"walk" bigint NOT NULL,
	"key" text[] NOT NULL,
	"code" text,
	"reason" text,
	"skipped_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"again" boolean DEFAULT false NOT NULL,
	"accepted_at" timestamp (3) with time zone,
	"accepted_by" text
);
--> statement-breakpoint
CREATE TABLE "long_running_migrations"."steps" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."steps_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"migration" varchar(255) NOT NULL,
	"name" text NOT NULL,
	"result" text,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "steps_name" UNIQUE("migration","name")
);
--> statement-breakpoint
CREATE TABLE "long_running_migrations"."visiting_attempts" (
	"installation" uuid NOT NULL,
	"migration" varchar(255) NOT NULL,
	"attempt" bigint NOT NULL,
	"epoch" uuid NOT NULL,
	"generation" uuid NOT NULL,
	"claimed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "visiting_attempts_installation_migration_pk" PRIMARY KEY("installation","migration")
);
--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" DROP CONSTRAINT "migrations_name_check";--> statement-breakpoint
ALTER TABLE "long_running_migrations"."walks" DROP CONSTRAINT "walks_migration_migrations_name_fk";
--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "direction" "long_running_migrations"."migration_direction" DEFAULT 'forward' NOT NULL;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "databases" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "failed_batch" jsonb;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "direction" "long_running_migrations"."migration_direction" DEFAULT 'forward' NOT NULL;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "input" jsonb;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "generation" uuid DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "step" text;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."walks" ADD COLUMN "registered" varchar(255) GENERATED ALWAYS AS (case when migration !~ '^[0-9a-f]{8}-' then migration end) STORED;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."skipped_rows" ADD CONSTRAINT "skipped_rows_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."steps" ADD CONSTRAINT "steps_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "skipped_rows_walk" ON "long_running_migrations"."skipped_rows" USING btree ("migration","walk");--> statement-breakpoint
ALTER TABLE "long_running_migrations"."walks" ADD CONSTRAINT "walks_registered_migrations_name_fk" FOREIGN KEY ("registered") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "migrations_job" ON "long_running_migrations"."migrations" USING btree (split_part("name", ':', 1));--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD CONSTRAINT "migrations_name_check" CHECK ("long_running_migrations"."migrations"."name" ~ '^[0-9]{4}_[a-z0-9_]+(:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?$');--> statement-breakpoint
-- From here on by hand.
INSERT INTO "long_running_migrations"."installations" DEFAULT VALUES;
--> statement-breakpoint
-- A worker of a version without revert() would claim a migration that is to be reverted, and run
-- run(). Its INSERT does not name the direction, so it is refused here, before its claim takes
-- effect. The constraint's name is what that worker shows.
CREATE FUNCTION "long_running_migrations"."require_direction"() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.direction <> (
    SELECT direction FROM "long_running_migrations"."migrations" WHERE name = NEW.migration
  ) THEN
    RAISE check_violation USING
      MESSAGE = 'an attempt must go in the direction of its migration',
      HINT = 'This worker is older than the command lrm revert: deploy a newer version.',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'direction',
      CONSTRAINT = 'this_worker_is_too_old_to_revert';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "long_running_migrations"."require_direction"() FROM PUBLIC;--> statement-breakpoint
CREATE TRIGGER "require_direction" BEFORE INSERT ON "long_running_migrations"."attempts"
FOR EACH ROW EXECUTE FUNCTION "long_running_migrations"."require_direction"();
--> statement-breakpoint
-- A job process gets its input as one line, which has a limit; and an input is read by each attempt.
-- A CHECK would be evaluated at each heartbeat, a trigger only for an input.
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
-- As before, but for names with a target, with the input, and for dormant migrations. to_jsonb: the
-- application may have made the table, without that column. There can be no column for dormant ones
-- for the same reason: registered_at 'infinity' says it.
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
