import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/schema.ts',
  out: './drizzle/sql',
  // The same table as `lrm migrate` uses: Drizzle's default one belongs to the application.
  migrations: { schema: 'long_running_migrations', table: 'schema_migrations' },
});
