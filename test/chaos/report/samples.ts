import type { PostgresSet } from '../chaosSet';

/** How far all migrations are. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly rowsDone: number;
  readonly completed: number;
}

/** Looks once a second, as long as the database answers. */
export function startSampling(postgres: PostgresSet): {
  readonly samples: readonly Sample[];
  stop(): void;
} {
  const samples: Sample[] = [];
  let asking = false;
  const timer = setInterval(async () => {
    if (asking) return;
    asking = true;
    try {
      const [row] = await postgres.sql<{ rows: number; completed: number }[]>`
        select coalesce(sum(rows_done), 0)::float8 as rows,
          (count(*) filter (where status = 'completed'))::int as completed
        from long_running_migrations.migrations`;
      if (row) samples.push({ at: Date.now(), rowsDone: row.rows, completed: row.completed });
    } catch {
      // A fault of the database: there is no figure of this second.
    }
    asking = false;
  }, 1_000);
  return { samples, stop: () => clearInterval(timer) };
}
