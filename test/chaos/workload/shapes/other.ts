import type { Shape } from '../shape';

/** What a job can do besides plain batches. */
export const OTHER: readonly Shape[] = [
  {
    name: 'computed',
    source: `exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, where: base, lanes: 2, ...rowsOf(20, 100) }, async (tx, batch) => {
    const rows = await batch.rows({ id, n: sql\`n\` });
    await pause(30);
    await job.updateRows(tx, tableOf(job), id, rows.map((row) => ({ id: row.id, n: row.n + 1 })));
  });
};`,
  },
  {
    name: 'each_row',
    rows: [1_000, 3_000],
    ranges: false,
    source: `exports.run = async (job) => {
  const options = { key: id, where: base, columns: { id }, pageSize: 20, concurrency: 2, checkpointEvery: 100 };
  await job.forEach(tableOf(job), options, async (rows) => {
    const ids = rows.map((row) => row.id);
    await job.sql\`update app.\${job.sql(job.target)} set n = 1 where id in \${job.sql(ids)} and n = 0\`;
    await pause(40);
  });
};`,
  },
  {
    name: 'steps',
    ranges: false,
    source: `exports.run = async (job) => {
  const odd = sql\`\${base} and id % 20 = 10\`;
  const added = await job.step('odd rows', { transaction: true }, async (tx) => {
    const { count } = await tx.execute(sql\`update \${tableOf(job)} set n = n + 1 where \${odd}\`);
    await pause(500);
    return count;
  });
  await job.createIndexConcurrently(job.target + '_touched', tableOf(job), sql\`(touched)\`);
  await job.step('even rows', async () => {
    const options = { key: id, where: sql\`\${base} and id % 20 = 0\`, lanes: 2, ...rowsOf(20, 100) };
    await job.inBatches(tableOf(job), options, async (tx, batch) => {
      await addOne(tx, job, batch);
      await pause(40);
    });
  });
  await job.step('look', { transaction: true }, async (tx) => {
    const [row] = await tx.execute(sql\`select count(*)::int as n from \${tableOf(job)} where \${odd} and n = 1\`);
    if (row.n !== added) throw new TypeError('the step did other rows than are there');
  });
};`,
  },
  {
    name: 'by_hand',
    ranges: false,
    source: `exports.run = async (job) => {
  for (;;) {
    job.signal.throwIfAborted();
    const after = (await job.checkpoint()) ?? '-1';
    const more = await job.db.transaction(async (tx) => {
      const done = await tx.execute(sql\`
        update \${tableOf(job)} set n = n + 1 where id in (select id from \${tableOf(job)}
          where \${base} and id > \${after} order by id limit 100) returning id::text as id\`);
      if (done.length === 0) return false;
      await pause(30);
      const last = done.map((row) => BigInt(row.id)).reduce((one, other) => (one > other ? one : other));
      await job.saveCheckpoint(String(last), tx);
      return true;
    });
    if (!more) return;
  }
};`,
  },
  {
    name: 'with_input',
    input: { add: 1 },
    source: `const { z } = require('zod');
exports.input = z.object({ add: z.number().int() });
exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, where: base, ...rowsOf(50, 200) }, async (tx, batch) => {
    await tx.execute(sql\`update \${tableOf(job)} set n = n + \${job.input.add}::int where \${batch}\`);
    await pause(60);
  });
};`,
  },
  {
    name: 'verified',
    source: `exports.run = async (job) => {
  await job.inBatches(tableOf(job), { key: id, where: base, lanes: 3, ...rowsOf(50, 200) }, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(60);
  });
};
exports.verify = async (job) => {
  const [row] = await job.sql\`
    select count(*)::int as n from app.\${job.sql(job.target)} where owner = 'base' and n <> 1\`;
  return row.n;
};`,
  },
  {
    name: 'dependent',
    depends: true,
    source: `exports.run = async (job) => {
  const [left] = await job.sql\`
    select count(*)::int as n from app.\${job.sql(DEPENDENCY_TABLE)} where owner = 'base' and n <> 1\`;
  if (left.n > 0) throw new TypeError('it began before its dependency was completed');
  await job.inBatches(tableOf(job), { key: id, where: base, lanes: 2, ...rowsOf(50, 200) }, async (tx, batch) => {
    await addOne(tx, job, batch);
    await pause(60);
  });
};`,
  },
];
