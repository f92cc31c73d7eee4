ALTER TABLE places ADD COLUMN name_ascii text;
--> statement-breakpoint
INSERT INTO long_running_migrations.migrations (name) VALUES ('0003_places_name_ascii') ON CONFLICT DO NOTHING;
