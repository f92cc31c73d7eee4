/** How an application's migrations are written, so that `lrm new` can add one that registers a job. */
export type Registrations =
  /** drizzle-kit; `config`: its configuration, default './drizzle.config.ts'. */
  | { readonly kind: 'drizzle'; readonly config?: string }
  /** Prisma; `folder`: of the migrations, default './prisma/migrations'. */
  | { readonly kind: 'prisma'; readonly folder?: string }
  /** Numbered SQL files in a folder. */
  | { readonly kind: 'sql'; readonly folder: string }
  /** `lrm new` only prints the SQL. */
  | { readonly kind: 'print' };

/** What an application's `lrm.config.ts` says. Environment variables win over it. */
export interface Config {
  /**
   * Folder of the job files, relative to lrm.config.ts; `LRM_JOBS_DIR`. In production, where the
   * jobs are compiled, set `LRM_JOBS_DIR` to the folder of the compiled ones. Default './jobs'.
   */
  readonly jobs?: string;
  /** Where `lrm new` writes what registers a job. Default: only prints it. */
  readonly registrations?: Registrations;
  /** The application's Drizzle schema, from which a new job's columns are to be copied; default: none. */
  readonly drizzleSchema?: string;
  /** Files of environment variables, the first that sets one wins. Default ['.env'], if it exists. */
  readonly envFiles?: readonly string[];
  /** Settings by the names of their environment variables: `{ LRM_MAX_CONCURRENT: 2 }`. */
  readonly settings?: Readonly<Record<`LRM_${string}`, string | number>>;
}

/**
 * Types the configuration of an application.
 * @example
 * // lrm.config.ts
 * import { defineConfig } from 'long-running-migrations';
 *
 * export default defineConfig({
 *   jobs: './jobs',
 *   registrations: { kind: 'drizzle' },
 *   settings: { LRM_INTERVAL: '5 minutes' },
 * });
 */
export const defineConfig = (config: Config): Config => config;
