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
ALTER TABLE "long_running_migrations"."attempts" ADD CONSTRAINT "attempts_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attempts_latest" ON "long_running_migrations"."attempts" USING btree ("migration","number");--> statement-breakpoint
CREATE INDEX "migrations_pending" ON "long_running_migrations"."migrations" USING btree ("created_at","name") WHERE status in ('created', 'in_progress');