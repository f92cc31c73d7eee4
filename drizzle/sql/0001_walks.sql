CREATE TABLE "long_running_migrations"."finished_ranges" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."finished_ranges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"walk" bigint NOT NULL,
	"after" text[],
	"upto" text[] NOT NULL,
	"rows" bigint NOT NULL
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
ALTER TABLE "long_running_migrations"."walks" ADD CONSTRAINT "walks_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "finished_ranges_walk" ON "long_running_migrations"."finished_ranges" USING btree ("walk");