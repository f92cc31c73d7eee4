import type { Shape } from '../shape';

/** Walks in batches, each of which adds 1 to its rows. */
export const BATCHES: readonly Shape[] = [
  {
    name: 'one_lane',
    source: `exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, where: base, lanes: 1, ...rowsOf(20, 100) }, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(30);
  });
};`,
  },
  {
    name: 'three_lanes',
    source: `exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, where: base, lanes: 3, ...rowsOf(20, 100) }, async (tx, batch) => {
    await pause(20);
    await addOne(tx, job, batch);
    await pause(40);
  });
};`,
  },
  {
    name: 'as_by_default',
    rows: [10_000, 50_000],
    doesApplicationRows: true,
    source: `exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id }, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(5);
  });
};`,
  },
  {
    name: 'composite_key',
    key: ['part', 'id'],
    source: `exports.run = async (job) => {
  const options = { key: [sql\`part\`, id], where: base, descending: true, lanes: 2, ...rowsOf(20, 100) };
  await job.inBatches(tableOf(job), options, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(40);
  });
};`,
  },
  {
    name: 'all_rows_durably',
    doesApplicationRows: true,
    source: `exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, lanes: 2, durable: true, ...rowsOf(20, 100) }, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(30);
  });
};`,
  },
  {
    name: 'groups',
    // Its ranges hold values of `team`, not keys of rows.
    ranges: false,
    source: `exports.run = async (job) => {
  const options = { groupBy: sql\`team\`, where: base, lanes: 2, throttle: false, batchSize: { min: 50, max: 200 } };
  await job.inBatches(tableOf(job), options, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(40);
  });
};`,
  },
  {
    name: 'bad_rows',
    bad: 5,
    rows: [5_000, 10_000],
    source: `exports.run = async (job) => {
  const options = { key: id, where: base, lanes: 2, onError: 'skip', ...rowsOf(20, 100) };
  await job.inBatches(tableOf(job), options, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(20);
  });
};`,
  },
];
