CREATE TABLE "long_running_migrations"."canaries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."canaries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"session" text NOT NULL,
	"commits" bigint DEFAULT 0 NOT NULL,
	"active_ms" double precision DEFAULT 0 NOT NULL
);
