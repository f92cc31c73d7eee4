ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "job_hash" text;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "progressed_at" timestamp (3) with time zone;
--> statement-breakpoint
-- Metrics say how long a migration has made no progress, whichever worker looks.
CREATE FUNCTION "long_running_migrations"."note_progress"() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.progressed_at := now();
  RETURN NEW;
END
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "long_running_migrations"."note_progress"() FROM PUBLIC;--> statement-breakpoint
CREATE TRIGGER "note_progress" BEFORE UPDATE ON "long_running_migrations"."migrations"
FOR EACH ROW WHEN (
  (OLD.rows_done, OLD.checkpoint_version, OLD.status) IS DISTINCT FROM
  (NEW.rows_done, NEW.checkpoint_version, NEW.status)
  -- A step that ends is no progress: the next attempt may only begin it again.
  OR NEW.step IS NOT NULL AND OLD.step IS DISTINCT FROM NEW.step
) EXECUTE FUNCTION "long_running_migrations"."note_progress"();
--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "epoch" uuid;--> statement-breakpoint
-- Without the default at first: what older versions have registered stays null, which is 'unknown'.
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "former_generations" uuid[];--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ALTER COLUMN "former_generations" SET DEFAULT '{}'::uuid[];
--> statement-breakpoint
-- A trigger, since an lrm of the former version gives new generations, too. Null stays null: with one
-- of them known, the others would be refused.
CREATE FUNCTION "long_running_migrations"."remember_generation"() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.former_generations := array_append(OLD.former_generations, OLD.generation);
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "remember_generation" BEFORE UPDATE OF "generation" ON "long_running_migrations"."migrations"
FOR EACH ROW WHEN (OLD.generation <> NEW.generation AND OLD.former_generations IS NOT NULL)
EXECUTE FUNCTION "long_running_migrations"."remember_generation"();
