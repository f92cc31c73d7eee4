// 2026-11-22: fills places.geohash. Removable once every install has completed it.
import { isNull } from 'drizzle-orm';
import { encode } from 'ngeohash';
import { places } from '../drizzle/sampleSchema';
import type { JobContext } from './context';

/** Nine characters tell places 5 m apart: more than GeoNames's coordinates do. */
const PRECISION = 9;

/** For work that SQL can't do: reads a batch of rows, computes in TypeScript, writes them back. */
export async function run(job: JobContext): Promise<void> {
  const walk = { key: places.id, where: isNull(places.geohash) };
  await job.inBatches(places, walk, async (tx, batch) => {
    // Locked until the batch commits, so that nobody moves a place meanwhile.
    const { id, latitude, longitude } = places;
    const group = await batch.rows({ id, latitude, longitude });
    const hashed = group.map((place) => ({
      id: place.id,
      geohash: encode(place.latitude, place.longitude, PRECISION),
    }));
    await job.updateRows(tx, places, places.id, hashed);
  });
}
