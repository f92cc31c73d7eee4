INSERT INTO long_running_migrations.migrations (name) VALUES ('0002_places_geohash') ON CONFLICT DO NOTHING;
