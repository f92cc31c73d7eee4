import { bigint, doublePrecision, pgTable, text } from 'drizzle-orm/pg-core';

/** The samples' table: GeoNames places with a population of 1,000 or more. See drizzle/sample/. */
export const places = pgTable('places', {
  /** GeoNames ID. */
  id: bigint('id', { mode: 'number' }).primaryKey(),
  name: text('name').notNull(),
  /** ISO 3166 country code, two letters. */
  country: text('country').notNull(),
  /** GeoNames code for the kind of place; PPLC is a capital. */
  featureCode: text('feature_code').notNull(),
  /** GeoNames code of the first-level administrative division within the country. */
  adminCode: text('admin_code').notNull(),
  population: bigint('population', { mode: 'number' }).notNull(),
  latitude: doublePrecision('latitude').notNull(),
  longitude: doublePrecision('longitude').notNull(),
  /** The name in lower case, for searching. Filled by 0001_sample. */
  nameSearch: text('name_search'),
  /** Filled by 0002_places_geohash. */
  geohash: text('geohash'),
  /** The name without accents. Filled by 0003_places_name_ascii, slowly. */
  nameAscii: text('name_ascii'),
});
