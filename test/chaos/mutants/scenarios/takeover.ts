import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../../support/waitFor';
import type { Stage } from '../stage/stage';
import { walkOver, workOn } from '../stage/walkedTable';
import { NAME, type Scenario, takeOver } from './scenario';

/** Its next batch comes within this time. Milliseconds. */
const OLDER_WAITS_WITHIN = 3_000;
/** Several batches of the older attempt fit in. Milliseconds. */
const OLDER_GOES_ON_FOR = 1_500;

/**
 * Temporal has lost a worker that still works in the database. Another one claims the migration, and
 * is held up before it can end the older attempt's sessions. Only the fence is left.
 */
export const takeover: Scenario = {
  name: 'takeover',
  fault:
    'worker cut off from Temporal, run started anew; the newer claim is held before and after its COMMIT',
  async play(stage) {
    const table = await stage.createTable(8_000);
    const older = await stage.startWorker();
    const slowAtFirst = 'if (job.attempt === 1) await sleep(20);';
    await stage.migrate(NAME, walkOver(table, { last: slowAtFirst }), {
      end: 'completed',
      work: workOn(table),
    });
    await stage.untilAttempt(NAME, 1);
    const newer = await stage.startWorker();
    await stage.breaking('worker cut off from Temporal', 'worker', older, async () => {
      const inClaim = newer.postgres.stopAt(
        { name: 'claim: insert attempt', when: 'after' },
        60_000,
      );
      const claimed = newer.postgres.stopAt({ name: 'claim: commit', when: 'after' }, 70_000);
      // It would learn of the newer attempt from its next heartbeat, before the fence is asked.
      const beat = older.postgres.stopAt({ name: 'beat: attempt', when: 'before' }, 60_000);
      await takeOver(stage, older);
      const held = await inClaim;
      // Released at once then: a batch gives up its wait after half a second, and begins anew.
      await olderWaits(stage).catch(() => {});
      held?.release();
      const heldAgain = await claimed;
      await sleep(OLDER_GOES_ON_FOR);
      heldAgain?.release();
      void beat.then((stopped) => stopped?.release());
      if (!held || !heldAgain) throw new Error('no other worker has claimed the migration');
      await stage.until(NAME, ['completed']);
      older.temporal.mend();
    });
  },
};

/** The same while the older attempt is in the middle of a batch, just before its COMMIT. */
export const takeoverInABatch: Scenario = {
  name: 'takeover in a batch',
  fault: 'worker cut off from Temporal, run started anew, while its batch is held before COMMIT',
  async play(stage) {
    const table = await stage.createTable(500);
    const older = await stage.startWorker();
    const inBatch = older.postgres.stopAt({ name: 'batch: commit', when: 'before' }, 60_000);
    await stage.migrate(NAME, walkOver(table), { end: 'completed', work: workOn(table) });
    const held = await inBatch;
    const newer = await stage.startWorker();
    await stage.breaking('worker cut off from Temporal', 'worker', older, async () => {
      const claimed = newer.postgres.stopAt({ name: 'claim: commit', when: 'after' }, 60_000);
      const beat = older.postgres.stopAt({ name: 'beat: attempt', when: 'before' }, 60_000);
      await takeOver(stage, older);
      const heldClaim = await claimed;
      held?.release();
      await sleep(OLDER_GOES_ON_FOR);
      heldClaim?.release();
      void beat.then((stopped) => stopped?.release());
      if (!held || !heldClaim) throw new Error('no other worker has claimed the migration');
      await stage.until(NAME, ['completed']);
      older.temporal.mend();
    });
  },
};

/** Waits until a transaction of the older attempt waits for the claim's lock. */
async function olderWaits({ sql }: Stage): Promise<void> {
  await waitFor(
    'the older attempt to wait for the lock',
    async () => {
      const [row] = await sql`
        select from pg_locks join pg_stat_activity using (pid)
        where locktype = 'advisory' and not granted and application_name like 'lrm:%'`;
      return row;
    },
    OLDER_WAITS_WITHIN,
  );
}
