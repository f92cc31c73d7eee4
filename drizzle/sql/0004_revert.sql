CREATE TYPE "long_running_migrations"."migration_direction" AS ENUM('forward', 'revert');--> statement-breakpoint
ALTER TYPE "long_running_migrations"."attempt_outcome" ADD VALUE 'reverted';--> statement-breakpoint
ALTER TYPE "long_running_migrations"."migration_status" ADD VALUE 'reverted';--> statement-breakpoint
ALTER TYPE "long_running_migrations"."operator_request" ADD VALUE 'revert';--> statement-breakpoint
ALTER TABLE "long_running_migrations"."attempts" ADD COLUMN "direction" "long_running_migrations"."migration_direction" DEFAULT 'forward' NOT NULL;--> statement-breakpoint
ALTER TABLE "long_running_migrations"."migrations" ADD COLUMN "direction" "long_running_migrations"."migration_direction" DEFAULT 'forward' NOT NULL;--> statement-breakpoint
-- From here on by hand. A worker of a version without revert() would claim a migration that is to be
-- reverted, and run run(). Its INSERT does not name the direction, so it is refused here, before its
-- claim takes effect. The constraint's name is what that worker shows.
CREATE FUNCTION "long_running_migrations"."require_direction"() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.direction <> (
    SELECT direction FROM "long_running_migrations"."migrations" WHERE name = NEW.migration
  ) THEN
    RAISE check_violation USING
      MESSAGE = 'an attempt must go in the direction of its migration',
      HINT = 'This worker is older than the command lrm revert: deploy a newer version.',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'direction',
      CONSTRAINT = 'this_worker_is_too_old_to_revert';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "long_running_migrations"."require_direction"() FROM PUBLIC;--> statement-breakpoint
CREATE TRIGGER "require_direction" BEFORE INSERT ON "long_running_migrations"."attempts"
FOR EACH ROW EXECUTE FUNCTION "long_running_migrations"."require_direction"();
