import type { Shape } from '../shape';

/** Jobs that do not end within their time limit, or do not stop when they are asked to. */
export const LIMITS: readonly Shape[] = [
  {
    name: 'short_limit',
    rows: [4_000, 8_000],
    outcomes: ['timed_out'],
    source: `exports.options = { startToCloseTimeout: '6 seconds', stopGrace: '2 seconds' };
exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, where: base, lanes: 2, ...rowsOf(20, 100) }, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(50);
  });
};`,
  },
  {
    name: 'deaf',
    outcomes: ['timed_out'],
    rows: [2_000, 4_000],
    source: `exports.options = { startToCloseTimeout: '6 seconds', stopGrace: '1 second' };
exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, where: base, lanes: 1, ...rowsOf(20, 100) }, async (tx, batch) => {
    await addOne(tx, job, batch);
    // Nothing of JavaScript runs meanwhile, so the signal comes too late.
    if (Math.random() < 0.02) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9_000);
    await pause(30);
  });
};`,
  },
];
