// 2026-11-22: fills places.geohash. Removable once every install has completed it.
import { isNull } from 'drizzle-orm';
import { encode } from 'ngeohash';
import { places } from '../drizzle/sampleSchema';
import type { JobContext } from './context';

/** Nine characters distinguish places 5 m apart: more precise than GeoNames's coordinates. */
const PRECISION = 9;

/** An example of work that SQL can't do: it reads rows, computes in TypeScript and writes them back. */
export async function run(job: JobContext): Promise<void> {
  const walk = { key: places.id, where: isNull(places.geohash) };
  await job.inBatches(places, walk, async (tx, batch) => {
    // The rows are locked until the batch commits, so nobody can move a place in between.
    const { id, latitude, longitude } = places;
    const group = await batch.rows({ id, latitude, longitude });
    const hashed = group.map((place) => ({
      id: place.id,
      geohash: encode(place.latitude, place.longitude, PRECISION),
    }));
    await job.updateRows(tx, places, places.id, hashed);
  });
}
