import { afterEach, beforeEach } from '@jest/globals';
import { type TestDatabase, useDatabase } from '../../support/database';

/** A database of the test file's own, with a new table `items` of so many rows for each test. */
export function useItems(rows: number): TestDatabase {
  const database = useDatabase();
  beforeEach(() =>
    database.sql.unsafe(`
      create table items (id integer primary key, touched integer not null default 0);
      insert into items select i from generate_series(1, ${rows}) i`),
  );
  afterEach(() =>
    database.sql.unsafe(`
      drop table if exists items cascade;
      truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
  );
  return database;
}
