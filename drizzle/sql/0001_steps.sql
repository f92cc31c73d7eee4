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
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "step" text;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."steps" ADD CONSTRAINT "steps_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;