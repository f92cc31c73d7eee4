import { bigint, doublePrecision, pgTable, text } from 'drizzle-orm/pg-core';

/** The sample's table: places of GeoNames with a population of 1,000 or more. See drizzle/sample/. */
export const places = pgTable('places', {
  /** GeoNames's number. */
  id: bigint('id', { mode: 'number' }).primaryKey(),
  name: text('name').notNull(),
  /** ISO 3166, two letters. */
  country: text('country').notNull(),
  /** GeoNames's code for the kind of place: PPLC is a capital. */
  featureCode: text('feature_code').notNull(),
  /** First-level administrative division, GeoNames's code within the country. */
  adminCode: text('admin_code').notNull(),
  population: bigint('population', { mode: 'number' }).notNull(),
  latitude: doublePrecision('latitude').notNull(),
  longitude: doublePrecision('longitude').notNull(),
  /** Filled by 0001_sample: the name in lower case, to search in. */
  nameSearch: text('name_search'),
  /** Filled by 0002_places_geohash. */
  geohash: text('geohash'),
  /** Filled by 0003_places_name_ascii, slowly: the name without accents. */
  nameAscii: text('name_ascii'),
});
