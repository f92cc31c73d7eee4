import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/schema.ts',
  out: './drizzle/sql',
  // The same table as `lrm migrate` uses: Drizzle's default one belongs to the application next door.
  migrations: { schema: 'public', table: 'long_running_migrations_schema' },
});
