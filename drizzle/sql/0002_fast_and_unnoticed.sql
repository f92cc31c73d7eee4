CREATE TABLE "long_running_migrations"."canaries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "long_running_migrations"."canaries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"session" text NOT NULL,
	"commits" bigint DEFAULT 0 NOT NULL,
	"active_ms" double precision DEFAULT 0 NOT NULL
);
--> statement-breakpoint
-- Fails with this SQLSTATE. A statement that is sent together with COMMIT, before its own answer is
-- known, has to fail where the transaction may not commit.
CREATE FUNCTION "long_running_migrations"."refuse"(code text, message text) RETURNS bigint
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END
$$;
--> statement-breakpoint
-- Where default privileges take it from everybody, each batch of a worker's own role would fail.
GRANT EXECUTE ON FUNCTION "long_running_migrations"."refuse"(text, text) TO PUBLIC;
