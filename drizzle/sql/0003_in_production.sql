ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "job_hash" text;
--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "epoch" uuid;--> statement-breakpoint
-- Without the default at first: what older versions have registered stays null, which is 'unknown'.
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "former_generations" uuid[];--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ALTER COLUMN "former_generations" SET DEFAULT '{}'::uuid[];
--> statement-breakpoint
-- A trigger, since an lrm of the former version gives new generations, too.
CREATE FUNCTION "long_running_migrations"."remember_generation"() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.former_generations := array_append(OLD.former_generations, OLD.generation);
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "remember_generation" BEFORE UPDATE OF "generation" ON "long_running_migrations"."migrations"
FOR EACH ROW WHEN (OLD.generation <> NEW.generation)
EXECUTE FUNCTION "long_running_migrations"."remember_generation"();
