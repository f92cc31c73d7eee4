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
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "failed_batch" jsonb;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."skipped_rows" ADD CONSTRAINT "skipped_rows_migration_migrations_name_fk" FOREIGN KEY ("migration") REFERENCES "long_running_migrations"."migrations"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "skipped_rows_walk" ON "long_running_migrations"."skipped_rows" USING btree ("migration","walk");