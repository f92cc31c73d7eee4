import { type SQL, sql } from 'drizzle-orm';
import fc from 'fast-check';
import { beginAttempt, type TestAttempt } from '../../jobs/context/attempts';
import type { TestDatabase } from '../../support/database';

/** What ends an attempt, in or after a batch. */
const BLOWS = ['stop', 'throw', 'lose the session', 'lose all sessions', 'supersede'] as const;

interface Blow {
  readonly how: (typeof BLOWS)[number];
  /** The number of the batch. */
  readonly batch: number;
}

/** How a table is walked over, in some attempts. */
export interface Interrupted {
  readonly blows: readonly Blow[];
  readonly size: number;
  readonly lanes: number;
  readonly descending: boolean;
}

export const interruptions: fc.Arbitrary<Interrupted> = fc.record({
  blows: fc.array(
    fc.record({ how: fc.constantFrom(...BLOWS), batch: fc.integer({ min: 1, max: 6 }) }),
    { maxLength: 4 },
  ),
  size: fc.integer({ min: 1, max: 12 }),
  lanes: fc.integer({ min: 1, max: 4 }),
  descending: fc.boolean(),
});

/** What is walked over. */
export interface Walked {
  readonly table: SQL;
  readonly key: readonly SQL[];
  readonly where: SQL | undefined;
}

const THROWN = 'fuzz: thrown by the body';

/**
 * Walks over the table until an attempt completes. Each batch writes its rows to `ledger`.
 * @returns the error that no blow explains: that of the last attempt
 */
export async function walkInterrupted(
  database: TestDatabase,
  { table, key, where }: Walked,
  { blows, size, lanes, descending }: Interrupted,
): Promise<unknown> {
  const options = {
    ...{ key, lanes, descending, throttle: false as const },
    ...(where && { where }),
    batchSize: { min: size, max: size },
  } as const;
  const stragglers: Promise<unknown>[] = [];
  try {
    for (const blow of [...blows, undefined]) {
      const attempt = await beginAttempt(database);
      let batches = 0;
      let onSuperseded = (_: undefined) => {};
      const superseded = new Promise<undefined>((resolve) => {
        onSuperseded = resolve;
      });
      const walk = attempt.job
        .inBatches(table, options, async (tx, batch) => {
          await tx.execute(
            sql`insert into public.ledger select "row" from ${table} where ${batch}`,
          );
          batches += 1;
          if (batches !== blow?.batch) return;
          if (blow.how === 'supersede') return onSuperseded(undefined);
          await strike(database, attempt, blow, tx);
        })
        .then(
          () => undefined,
          (error) => error,
        );
      stragglers.push(walk.then(() => attempt.end()));
      const error = await Promise.race([walk, superseded]);
      if (error && !isOf(blow, error)) return error;
    }
    return undefined;
  } finally {
    await Promise.all(stragglers);
  }
}

async function strike(
  { sql: client }: TestDatabase,
  attempt: TestAttempt,
  { how }: Blow,
  tx: { execute(query: SQL): PromiseLike<readonly Record<string, unknown>[]> },
): Promise<void> {
  if (how === 'stop') return attempt.stop(new Error('fuzz: asked to stop'));
  if (how === 'throw') throw new Error(THROWN);
  const [session] = await tx.execute(sql`select pg_backend_pid() as pid,
    current_setting('application_name') as name`);
  await client`select pg_terminate_backend(pid) from pg_stat_activity
    where ${how === 'lose the session' ? client`pid = ${Number(session?.['pid'])}` : client`application_name = ${String(session?.['name'])}`}`;
}

/** Whether the attempt ended because of the blow. A blow that came too late explains nothing. */
function isOf(blow: Blow | undefined, error: unknown): boolean {
  const text = `${error} ${error instanceof Error ? error.cause : ''}`;
  if (!blow || blow.how === 'supersede') return false;
  if (blow.how === 'stop' || blow.how === 'throw') return text.includes('fuzz:');
  return /CONNECTION|terminating connection|57P01|session of the attempt|Superseded/.test(text);
}
