// 2026-11-24: fills places.name_ascii. Removable once every install has completed it.
import { isNull, sql } from 'drizzle-orm';
import { places } from '../drizzle/sampleSchema';
import type { JobContext } from './context';

/**
 * The part of the time in which the job works. It is so low that this sample takes some minutes: you
 * can watch, pause and resume it. Your own jobs rarely need this.
 */
const DUTY_CYCLE = Number(process.env['SAMPLE_DUTY_CYCLE'] || '0.05');

/** An example of work that SQL can do, slow enough not to disturb others: names without accents. */
export async function run(job: JobContext): Promise<void> {
  await job.inBatches(
    places,
    {
      key: places.id,
      where: isNull(places.nameAscii),
      // Many short batches, not a few long ones: progress moves, and a pause takes effect at once.
      batchSize: { max: 500 },
      throttle: { dutyCycle: DUTY_CYCLE },
    },
    async (tx, batch) => {
      const nameAscii = sql`regexp_replace(normalize(${places.name}, NFD), '[\\u0300-\\u036f]', '', 'g')`;
      await tx.update(places).set({ nameAscii }).where(batch);
    },
  );
}
