CREATE TABLE "long_running_migrations"."installations" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	CONSTRAINT "installations_only_check" CHECK ("long_running_migrations"."installations"."only")
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
ALTER TABLE "long_running_migrations"."walks" DROP CONSTRAINT "walks_migration_migrations_name_fk";
--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "databases" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "generation" uuid DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."walks" ADD COLUMN "registered" varchar(255) GENERATED ALWAYS AS (case when migration !~ '^[0-9a-f]{8}-' then migration end) STORED;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."walks" ADD CONSTRAINT "walks_registered_migrations_name_fk" FOREIGN KEY ("registered") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
-- From here on by hand.
INSERT INTO "long_running_migrations"."installations" DEFAULT VALUES;
