import { type SQL, sql } from 'drizzle-orm';
import { migrations } from '../schema';

/**
 * The file's part of a migration's name, in a query over `migrations`. The index migrations_job has
 * the same expression.
 */
export const JOB_OF: SQL<string> = sql<string>`split_part(${migrations.name}, ':', 1)`;
