import { walkOver, workOn } from '../stage/walkedTable';
import { NAME, type Scenario } from './scenario';

/** Longer than a run, a tick and an attempt take, and no end for one that is forgotten. Milliseconds. */
const SOON = 30_000;

export const bodyThatFailsOnce: Scenario = {
  name: 'body that fails once',
  fault: 'none: the body of a batch throws in the first attempt',
  async play(stage) {
    const table = await stage.createTable(500);
    await stage.startWorker();
    const first =
      "if (job.attempt === 1 && batches === 5) throw new Error('a service did not answer');";
    await stage.migrate(NAME, walkOver(table, { first }), {
      end: 'completed',
      outcomes: ['retried'],
      work: workOn(table),
    });
    await stage.until(NAME, ['completed', 'failed']);
  },
};

export const badRows: Scenario = {
  name: 'bad rows',
  fault: 'none: two rows that can not be done are skipped',
  async play(stage) {
    const table = await stage.createTable(500);
    await stage.startWorker();
    const last = `await tx.execute(sql\`
      select 1 / (id - 37), 1 / (id - 411) from ${table.name} where \${batch}\`);`;
    const more = "onError: 'skip', maxSkipped: 5";
    await stage.migrate(NAME, walkOver(table, { more, last }), {
      end: 'completed',
      work: { ...workOn(table), skipped: 2 },
    });
    await stage.until(NAME, ['completed', 'failed']);
  },
};

export const rowsLeftForVerify: Scenario = {
  name: 'rows left for verify',
  fault: 'none: run() forgets rows, and verify() counts them',
  async play(stage) {
    const table = await stage.createTable(500);
    await stage.startWorker();
    const exports = `exports.verify = async (job) => {
  const [row] = await job.sql\`select count(*)::int as n from ${table.name} where n = 0\`;
  return row.n;
};`;
    await stage.migrate(NAME, walkOver(table, { more: 'where: sql`id <= 400`', exports }), {
      end: 'failed',
      outcomes: ['failed'],
      work: workOn(table),
    });
    await stage.until(NAME, ['completed', 'failed']);
  },
};

export const errorThatQuotesARow: Scenario = {
  name: 'error that quotes a row',
  fault: 'none: an error of Postgres has a value of a row in its message',
  async play(stage) {
    const table = await stage.createTable(10);
    await stage.startWorker();
    const source = `exports.run = async (job) => {
  await job.sql\`select secret::integer from ${table.name}\`;
};`;
    await stage.migrate(NAME, source, { end: 'failed', outcomes: ['failed'] });
    await stage.until(NAME, ['failed']);
  },
};

export const workerThatStarts: Scenario = {
  name: 'worker that starts',
  fault: 'none: a worker starts',
  async play(stage) {
    const table = await stage.createTable(100);
    await stage.startWorker();
    await stage.migrate(NAME, walkOver(table), { end: 'completed', work: workOn(table) });
    await stage.until(NAME, ['completed'], SOON);
  },
};
