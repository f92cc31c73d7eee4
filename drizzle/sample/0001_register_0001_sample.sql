-- Says that jobs/0001_sample.ts is wanted: all it takes.
INSERT INTO long_running_migrations.migrations (name) VALUES ('0001_sample') ON CONFLICT DO NOTHING;
