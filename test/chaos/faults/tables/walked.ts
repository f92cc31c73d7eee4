import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import { NothingToBreak } from '../../fault';
import type { Random } from '../../random';
import { PATIENCE, runningAttempts } from '../support/attempts';

/** A walk that goes on, and the table that it walks. */
export interface WalkedTable {
  readonly migration: string;
  /** With its schema, quoted by Postgres where it needs it: it can stand in SQL as it is. */
  readonly table: string;
  /** Names of the key's columns, or of those that it groups by. */
  readonly key: readonly string[];
  /** True: the walk goes along groups, so its key need not be unique. */
  readonly grouped: boolean;
}

/**
 * A table that is walked at the moment.
 * @param which some fit a fault, others do not
 * @throws NothingToBreak when there is none
 */
export async function walkedTable(
  set: ChaosSet,
  random: Random,
  which: (walk: WalkedTable) => boolean = () => true,
): Promise<WalkedTable> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const fitting = (await walkedTables(set)).filter(which);
    if (fitting.length > 0) return random.pick(fitting);
    if (performance.now() > end) throw new NothingToBreak('no table is walked at the moment');
    await sleep(LOOK_EVERY);
  }
}

/** Milliseconds. */
const LOOK_EVERY = 200;

async function walkedTables(set: ChaosSet): Promise<WalkedTable[]> {
  const running = await runningAttempts(set);
  const names = running.map(({ migration }) => migration);
  const found = await set.postgres.sql<WalkedTable[]>`
    select w.migration, to_regclass(w.shape ->> 'schema')::text as table,
      string_to_array(coalesce(w.shape ->> 'groupBy', w.shape ->> 'key'), ', ') as key,
      w.shape ? 'groupBy' as grouped
    from long_running_migrations.walks w
    where w.migration = any(${names}) and w.completed_at is null
      and to_regclass(w.shape ->> 'schema') is not null`;
  return [...found];
}

/** How far a migration is; it changes with each batch. Null: nothing is left to do, or it is stopped. */
async function place({ postgres }: ChaosSet, name: string): Promise<string | null> {
  const [row] = await postgres.sql<{ place: string | null }[]>`
    select case when m.status in ('created', 'in_progress') then concat_ws(' ',
      (select string_agg(concat_ws(' ', w.id, w.low_water_mark, w.cursor, w.completed_at), ', ' order by w.id)
        from long_running_migrations.walks w where w.migration = m.name),
      (select max(r.id) from long_running_migrations.finished_ranges r
        join long_running_migrations.walks w on w.id = r.walk where w.migration = m.name)) end as place
    from long_running_migrations.migrations m where m.name = ${name}`;
  return row?.place ?? null;
}

/** @throws Error when the walk does not go on. Whatever was done to its table is undone by now */
export async function untilGoesOn(set: ChaosSet, name: string): Promise<void> {
  const before = await place(set, name);
  await waitFor(
    `the walk of ${name} to go on`,
    async () => {
      const now = await place(set, name);
      return now === null || now !== before;
    },
    GOES_ON_WITHIN,
  );
}

/** Its worker may be broken by another fault, and the next attempt has to wait for that. Milliseconds. */
const GOES_ON_WITHIN = 75_000;
