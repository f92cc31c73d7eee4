import { EntryFailed } from './errors';

/** Somebody else created it: duplicate_schema, duplicate_table. */
const CREATED = ['42P06', '42P07'];
const UNIQUE_VIOLATION = '23505';

/** Each round waits for the other's commit, so one more is nearly always enough. */
const ROUNDS = 3;

/**
 * Does `create` again when another session has just created the same schema or table. The
 * application's own migrations may run at this moment, and IF NOT EXISTS doesn't see what another
 * transaction has not committed yet: it fails at that commit.
 */
export async function despiteRace(create: () => Promise<void>): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      return await create();
    } catch (error) {
      if (round === ROUNDS || !lostRace(error)) throw error;
    }
  }
}

function lostRace(error: unknown): boolean {
  const { code, schema_name } = (error instanceof EntryFailed ? error.cause : error) as {
    code?: string;
    schema_name?: string;
  };
  if (code === UNIQUE_VIOLATION) return schema_name === 'pg_catalog';
  return code !== undefined && CREATED.includes(code);
}
