import { setTimeout as sleep } from 'node:timers/promises';
import { signalAll } from '../../faults/support/processes';
import type { Point } from '../../wire/postgresWire';
import type { Stage } from '../stage/stage';
import type { StagedWorker } from '../stage/stagedWorker';
import { walkOver, workOn } from '../stage/walkedTable';
import { NAME, type Scenario } from './scenario';

/** Whichever is stored first, the rows or their range, the other one is lost. */
export const killedAtTheEndOfABatch: Scenario = {
  name: 'killed at the end of a batch',
  fault: 'SIGKILL of worker and job process before the range is stored, and before COMMIT',
  async play(stage) {
    const table = await stage.createTable(500);
    const worker = await stage.startWorker();
    const inBatch = worker.postgres.stopAt({ name: 'batch: store range', when: 'before' }, 60_000);
    await stage.migrate(NAME, walkOver(table), { end: 'completed', work: workOn(table) });
    await killAt(stage, worker, await inBatch);
    await killAt(
      stage,
      worker,
      await worker.postgres.stopAt({ name: 'batch: commit', when: 'before' }, 60_000),
    );
    await stage.until(NAME, ['completed']);
  },
};

/** The batch is committed, and nobody learns it. */
export const answerSwallowed: Scenario = {
  name: 'answer to COMMIT swallowed',
  fault: 'connection cut between a COMMIT and its answer',
  async play(stage) {
    const table = await stage.createTable(500);
    const worker = await stage.startWorker();
    const atCommit = worker.postgres.stopAt({ name: 'batch: commit', when: 'after' }, 60_000);
    await stage.migrate(NAME, walkOver(table), { end: 'completed', work: workOn(table) });
    const held = await atCommit;
    await stage.breaking('answer to COMMIT swallowed', 'worker', worker, async () => held?.cut());
    if (!held) throw new Error('no batch has committed');
    await stage.until(NAME, ['completed', 'failed']);
  },
};

const FOLD: Point = { name: 'fold: walk', when: 'before' };
/** A fold begins every second. Milliseconds. */
const NEXT_FOLD_WITHIN = 3_000;
/** It is done by then, and the next one has not begun. Milliseconds. */
const FOLD_TAKES = 300;

/** Packets of one fold are lost, and come after the next one. */
export const lateFold: Scenario = {
  name: 'late fold',
  fault: 'a fold is held until the next one is done; SIGKILL after it',
  async play(stage) {
    const table = await stage.createTable(8_000);
    const worker = await stage.startWorker();
    const fold = worker.postgres.stopAt(FOLD, 60_000);
    const slowAtFirst = 'if (job.attempt === 1) await sleep(20);';
    await stage.migrate(NAME, walkOver(table, { lanes: 3, last: slowAtFirst }), {
      end: 'completed',
      work: workOn(table),
    });
    const held = await fold;
    if (!held) throw new Error('no fold');
    await stage.breaking('SIGKILL of a worker', 'worker', worker, async () => {
      const passed = () => worker.postgres.passed.get('fold: commit') ?? 0;
      const before = passed();
      // The unchanged build waits for the late one.
      const until = Date.now() + NEXT_FOLD_WITHIN;
      while (passed() === before && Date.now() < until) await sleep(20);
      held.release();
      await sleep(FOLD_TAKES);
      await kill(worker);
    });
    await stage.until(NAME, ['completed']);
  },
};

async function killAt(
  stage: Stage,
  worker: StagedWorker,
  stopped: { readonly point: Point; cut(): void } | undefined,
): Promise<void> {
  if (!stopped) throw new Error('no batch has come to the point');
  await stage.breaking('SIGKILL at a point', 'worker', worker, async () => {
    // First the processes: nothing may react to the lost connection.
    const restarted = kill(worker);
    stopped.cut();
    await restarted;
  });
}

/** Kills a worker with its job processes, and starts it again. */
function kill(worker: StagedWorker): Promise<void> {
  signalAll(worker.jobPids(), 'SIGKILL');
  return worker.restart();
}
