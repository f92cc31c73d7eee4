import type { CheckContext, Expected, MemorySample } from '../checks';
import type { Inflicted } from '../nemesis';
import type { OwnChaosSet } from '../set/openSet';
import { FOREGROUND, type Foreground } from '../workload/foreground';
import { ownId } from '../workload/foregroundTransaction';
import { type Piece, ROW_VALUE } from '../workload/piece';

/** What a run hands to the checks. */
export function checkContext(
  set: OwnChaosSet,
  pieces: readonly Piece[],
  foreground: Foreground,
  inflicted: readonly Inflicted[],
  memory: readonly MemorySample[],
): CheckContext {
  return {
    sql: set.postgres.sql,
    client: set.temporal.client,
    folder: set.folder,
    migrations: pieces.map(expected),
    faults: inflicted.map(({ kind, part, worker, from, upto = Date.now() }) => ({
      kind,
      part,
      worker: part === 'worker' ? worker : undefined,
      from,
      upto,
    })),
    workers: set.workers.flatMap(({ lives }) => lives),
    foreground: {
      session: FOREGROUND,
      errors: foreground.errors,
      tables: pieces.flatMap((piece) => {
        const account = foreground.accounts.get(piece.table);
        if (!account) return [];
        const rows = [...account.rows].map(
          ([number, state]) => [keyOfOwn(piece, number), state] as const,
        );
        return [
          { table: `app.${piece.table}`, column: 'touched', ...account, rows: new Map(rows) },
        ];
      }),
    },
    stops: set.stops,
    memory,
    secret: ROW_VALUE,
    temporary: set.temporary,
  };
}

/** All that operators have stopped is let go on at the end, so everything must complete. */
function expected(piece: Piece): Expected {
  const { name, table, bad, doesApplicationRows, ranges, outcomes } = piece;
  return {
    name,
    end: 'completed',
    outcomes,
    work: {
      table: `app.${table}`,
      counted: 'n',
      ...(doesApplicationRows ? {} : { where: (sql) => sql`t.owner = 'base'` }),
      ranges,
      skipped: bad,
    },
  };
}

const keyOfOwn = ({ key }: Piece, number: number): string =>
  key.length === 1 ? String(ownId(number)) : `{0,${ownId(number)}}`;
