// 2026-11-24: fills places.name_ascii. Removable once every install has completed it.
import { isNull, sql } from 'drizzle-orm';
import { places } from '../drizzle/sampleSchema';
import type { JobContext } from './context';

/**
 * Part of the time that it works. So low that this sample takes some minutes: there is something to
 * watch, to pause and to resume. Your own jobs hardly need this.
 */
const DUTY_CYCLE = Number(process.env['SAMPLE_DUTY_CYCLE'] || '0.05');

/** For work that SQL can do, at a pace that nobody notices: names without their accents. */
export async function run(job: JobContext): Promise<void> {
  await job.inBatches(
    places,
    {
      key: places.id,
      where: isNull(places.nameAscii),
      // Many short batches rather than few long ones: progress moves, and a pause takes effect at once.
      batchSize: { max: 500 },
      throttle: { dutyCycle: DUTY_CYCLE },
    },
    async (tx, batch) => {
      const nameAscii = sql`regexp_replace(normalize(${places.name}, NFD), '[\\u0300-\\u036f]', '', 'g')`;
      await tx.update(places).set({ nameAscii }).where(batch);
    },
  );
}
