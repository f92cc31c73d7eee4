import { expect, test } from '@jest/globals';
import { applyMigrations } from '../../../../drizzle/migrator/migrate';
import { loadSamplePlaces } from '../../../../worker/local/postgres/samplePlaces';
import { useDatabase } from '../../../support/database';

const database = useDatabase();

test('loadSamplePlaces loads every place once, however often it is called', async () => {
  await applyMigrations(database.databaseUrl, 'sample');
  const loads = await Promise.all([
    loadSamplePlaces(database.databaseUrl),
    loadSamplePlaces(database.databaseUrl),
  ]);
  const [row] = await database.sql`
    select count(*)::int as all, count(*) filter (where name = 'Berlin' and country = 'DE'
      and round(latitude) = 53 and round(longitude) = 13) as berlin from places`;
  expect(loads.sort()).toEqual([0, row?.['all']]);
  expect(row).toMatchObject({ all: 135_233, berlin: '1' });
});
