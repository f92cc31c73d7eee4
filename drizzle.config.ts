import { defineConfig } from 'drizzle-kit';

// The files name the default schema. `lrm migrate` puts in the configured one.
delete process.env['LRM_SCHEMA'];

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/schema.ts',
  out: './drizzle/sql',
  // The same table as `lrm migrate` uses: Drizzle's default one belongs to the application.
  migrations: { schema: 'long_running_migrations', table: 'schema_migrations' },
});
