import { beforeAll, expect } from '@jest/globals';
import { connect } from '../../drizzle/connect';
import { useDatabase } from '../support/database';
import { type TestRole, useRoles } from '../support/roles';
import { attemptAll, type Outcome } from './ddl/attempts';
import { type Change, changes } from './ddl/changes';
import { create, DROP, ROWS, shapes } from './ddl/shapes';
import { isSelected } from './ddl/walks';
import { type World, worlds } from './ddl/world';
import { fuzz } from './fuzz';

const database = useDatabase();
const roles = useRoles(database);
let role: TestRole;

beforeAll(async () => {
  role = await roles.create();
});

fuzz(
  'whatever is done to its table, a walk does each row once or says why not',
  8,
  worlds,
  async (world) => {
    try {
      await database.sql.unsafe(create(shapes[world.shape]));
      await database.sql.unsafe(`grant usage on schema public, elsewhere to ${role.name};
        grant all on all tables in schema public to ${role.name}`);
      const outcome = await attemptAll(database, role, world);
      for (const error of outcome.errors) expect(error).toMatch(CLEAR);
      expect({ ...outcome, twice: await twice(world), left: await left(world, outcome) }).toEqual({
        ...outcome,
        twice: [],
        left: [],
      });
    } finally {
      await putBack();
    }
  },
);

/** One line that says something, without a stack trace. */
const CLEAR = /^(?!.*\n)(?!.*( at .*:\d+:\d+){2}).{10,}$/s;

/** A sequence of them can make the table say nothing of what was done. */
const FORGETS = ['drop the written column', 'rename the written column'];

/** Rows that were done more than once. */
async function twice({ api }: World): Promise<number[]> {
  if (api === 'forEach') return [];
  const rows = await database.sql`select row from ledger group by 1 having count(*) > 1 order by 1`;
  return rows.map((each) => each['row']);
}

/** Rows that a completed walk has not done, and that one UPDATE of the whole table would do now. */
async function left(world: World, { completed, changedLater }: Outcome): Promise<number[]> {
  if (!completed || changedLater) return [];
  const made = world.changes.map(({ name }) => name);
  if (made.some((name) => FORGETS.includes(name))) return [];
  const hidden = (row: number) => made.some((name) => (changes[name] as Change).mayHide?.(row));
  // A new session, so that it has the database's search_path.
  const client = connect(database.databaseUrl, { max: 1, applicationName: 'test' });
  try {
    const [there] = await client`select to_regclass('items') as found`;
    if (!there?.['found']) return [];
    const rows = await client`
      select i.row, l.row is null as left, to_jsonb(i) as whole
      from items i left join (select distinct row from ledger) l using (row)`;
    return rows
      .filter(({ row, whole }) => row <= ROWS && !whole.late && isSelected(world, row))
      .filter(({ row }) => !hidden(row))
      .filter(({ left, whole }) => left || (world.api !== 'forEach' && whole.touched !== 1))
      .map(({ row }) => row);
  } finally {
    await client.end({ timeout: 1 });
  }
}

async function putBack(): Promise<void> {
  const name = new URL(database.databaseUrl).pathname.slice(1);
  await database.sql.unsafe(`
    alter role ${role.name} reset all; alter role ${role.name} login nobypassrls;
    alter database "${name}" reset all; ${DROP};
    grant usage on schema public to ${role.name}`);
}
