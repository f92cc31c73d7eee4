CREATE TYPE "long_running_migrations"."attempt_outcome" AS ENUM('completed', 'failed', 'retried', 'timed_out', 'interrupted', 'superseded', 'paused', 'cancelled');--> statement-breakpoint
CREATE TYPE "long_running_migrations"."migration_status" AS ENUM('created', 'in_progress', 'paused', 'completed', 'failed', 'cancelled');--> statement-breakpoint
CREATE TYPE "long_running_migrations"."operator_request" AS ENUM('pause', 'resume', 'cancel', 'retry');--> statement-breakpoint
CREATE TABLE "long_running_migrations"."attempts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."attempts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"migration" varchar(255) NOT NULL,
	"number" integer NOT NULL,
	"worker" text NOT NULL,
	"run_id" text NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"outcome" "long_running_migrations"."attempt_outcome",
	"error" text,
	"error_unknown" boolean DEFAULT false NOT NULL,
	"rows_done" bigint DEFAULT 0 NOT NULL,
	"progressed" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "long_running_migrations"."finished_ranges" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."finished_ranges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"walk" bigint NOT NULL,
	"after" text[],
	"upto" text[] NOT NULL,
	"rows" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "long_running_migrations"."migrations" (
	"name" varchar(255) PRIMARY KEY NOT NULL,
	"status" "long_running_migrations"."migration_status" DEFAULT 'created' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"checkpoint" jsonb,
	"checkpoint_version" bigint DEFAULT 0 NOT NULL,
	"rows_done" bigint DEFAULT 0 NOT NULL,
	"rows_total" bigint,
	"current_attempt" bigint,
	"epoch" uuid,
	"claim_scheduled_at" timestamp (3) with time zone,
	"request" "long_running_migrations"."operator_request",
	"request_reason" text,
	"requested_by" text,
	"requested_at" timestamp (3) with time zone,
	"waits_for" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "migrations_name_check" CHECK ("long_running_migrations"."migrations"."name" ~ '^[0-9]{4}_[a-z0-9_]+$')
);
--> statement-breakpoint
CREATE TABLE "long_running_migrations"."walks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."walks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"migration" varchar(255) NOT NULL,
	"name" text NOT NULL,
	"shape" jsonb NOT NULL,
	"upper_bound" text[],
	"low_water_mark" text[],
	"cursor" jsonb,
	"rows_done" bigint DEFAULT 0 NOT NULL,
	"rows_total" bigint,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "walks_name" UNIQUE("migration","name")
);
--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD CONSTRAINT "attempts_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."walks" ADD CONSTRAINT "walks_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attempts_latest" ON "long_running_migrations"."attempts" USING btree ("migration","number");--> statement-breakpoint
CREATE INDEX "finished_ranges_walk" ON "long_running_migrations"."finished_ranges" USING btree ("walk");--> statement-breakpoint
CREATE INDEX "migrations_pending" ON "long_running_migrations"."migrations" USING btree ("created_at","name") WHERE status in ('created', 'in_progress');--> statement-breakpoint
-- From here on by hand. It stands last, so that an application's migration that creates the same
-- table at this moment waits as short as possible.
CREATE TABLE IF NOT EXISTS "long_running_migrations"."registrations" (
	"name" varchar(255) PRIMARY KEY NOT NULL,
	"registered_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
-- SECURITY DEFINER: a role of the application may register a migration without any right on the
-- tables that control its run. The function does nothing else, and the search_path is empty, so
-- that the caller can't put objects of its own in front. It fires before the row is stored, and
-- stores none: a row that stayed would make a later INSERT of an unregistered name do nothing.
-- It checks the name itself, because a constraint on the table could only be added by its owner.
CREATE FUNCTION "long_running_migrations"."take_registration"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF NEW.name !~ '^[0-9]{4}_[a-z0-9_]+$' THEN
    RAISE check_violation USING
      MESSAGE = format('%L can''t be the name of a long-running migration', NEW.name),
      HINT = 'Four digits, _, then a-z, 0-9 and _, as in 0001_backfill_email.',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'name';
  END IF;
  INSERT INTO "long_running_migrations"."migrations" (name, created_at)
  VALUES (NEW.name, NEW.registered_at) ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "long_running_migrations"."take_registration"() FROM PUBLIC;--> statement-breakpoint
CREATE TRIGGER "take_registration" BEFORE INSERT ON "long_running_migrations"."registrations"
FOR EACH ROW EXECUTE FUNCTION "long_running_migrations"."take_registration"();
