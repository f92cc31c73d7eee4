import { afterAll, beforeAll } from '@jest/globals';
import { errorText } from '../../../activities/attempt/errorText';
import { decide } from '../../../activities/attempt/retryOrFail';
import { connect, type Sql } from '../../../drizzle/connect';
import { describeError } from '../../../jobs/process/describeError';
import { useDatabase } from '../../support/database';

/** The value of a row. No error may quote it. */
export const EMAIL = 'alice@example.org';

/** A database with the tables `people` and `pair`, in which a test provokes errors. */
export interface Provocations {
  readonly sql: Sql;
  /** Another client, on this database or on `url`. It is closed after the file. */
  client(url?: string): Sql;
}

/** Call it at the top of the file. `sql` is there from beforeAll on. */
export function useProvocations(): Provocations {
  const database = useDatabase();
  const clients: Sql[] = [];
  const client = (url = database.databaseUrl) => {
    const opened = connect(url, { applicationName: 'provocation' });
    clients.push(opened);
    return opened;
  };
  const provocations = { client } as Provocations;
  beforeAll(async () => {
    const sql = client();
    Object.assign(provocations, { sql });
    await sql`create table people (email text primary key, age int check (age > 0), boss text not null default '')`;
    await sql`insert into people (email) values (${EMAIL})`;
    await sql`create table pair (id int primary key, n int not null default 0)`;
    await sql`insert into pair (id) values (1), (2)`;
  });
  afterAll(() => Promise.all(clients.map((each) => each.end({ timeout: 1 }))));
  return provocations;
}

/** The verdict on what was thrown, and the text that an operator reads. */
export async function outcomeOf(provoke: () => unknown) {
  const error = describeError(await thrownBy(provoke));
  return { verdict: decide('run', error), text: errorText('run', error), error };
}

async function thrownBy(provoke: () => unknown): Promise<unknown> {
  try {
    await provoke();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}
