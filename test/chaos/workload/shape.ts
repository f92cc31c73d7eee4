/** How a job of the workload does its rows. Its job files get the table by the migration's target. */
export interface Shape {
  /** Of the job's file, without its number: 'three_lanes'. */
  readonly name: string;
  /** The job's file, after {@link PRELUDE}. */
  readonly source: string;
  /** Rows of its tables, at least and at most. Default 5,000 to 20,000. */
  readonly rows?: readonly [number, number];
  /** Default: 'id'. */
  readonly key?: readonly string[];
  /** Rows among them that violate a constraint when the job changes them. Default 0. */
  readonly bad?: number;
  /** Default: false, as {@link import('./piece').Piece} says. */
  readonly doesApplicationRows?: boolean;
  /** False: it does rows without ranges (a step, a checkpoint of its own, forEach). Default: true. */
  readonly ranges?: boolean;
  /** Outcomes that its attempts have without a fault. Default: none. */
  readonly outcomes?: readonly string[];
  /** What its migrations are registered with. */
  readonly input?: object;
  /** True: its file is written for each migration, with another one as a dependency. Default: false. */
  readonly depends?: boolean;
}

/**
 * At the top of each job's file. Batches take a while, so that there is something to break; how long
 * is left to chance, and no result depends on it.
 */
export const PRELUDE = `
const { sql } = require('drizzle-orm');
const tableOf = (job) => sql\`app.\${sql.identifier(job.target)}\`;
const base = sql\`owner = 'base'\`;
const id = sql\`id\`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random())));
const addOne = (tx, job, batch) =>
  tx.execute(sql\`update \${tableOf(job)} set n = n + 1 where \${batch}\`);
const rowsOf = (min, max) => ({ throttle: false, batchSize: { min, max } });
`;
