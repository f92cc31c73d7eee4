import type { JobsFolder } from '../support/jobsFolder';

// Jobs that make each panel of the dashboard show something.

const begin = "const { sql } = require('drizzle-orm');\n";

/** A walk over the users in TypeScript. While nobody is there it is fast, and beside users slow. */
const BACKFILL = `${begin}exports.run = (job) =>
  job.inBatches(sql\`users\`, { key: sql\`id\` }, async (tx, batch) => {
    const rows = await batch.rows({ id: sql\`id\`, email: sql\`email\` });
    await tx.execute(sql\`update users set email_lower = lower(email) where \${batch}\`);
    if (rows.length === 0) throw new Error('no rows');
  });`;

/** Slow, and some of its rows are wrong. Somebody holds locks of others. */
const SKIPS = `${begin}exports.run = (job) => job.inBatches(
  sql\`orders\`,
  { key: sql\`id\`, where: sql\`cents is null\`, onError: 'skip', maxSkipped: 100, batchSize: { min: 1, max: 200 }, lanes: 1 },
  async (tx, batch) => {
    await tx.execute(sql\`update orders set cents = (price::numeric * 100)::int where \${batch}\`);
    await tx.execute(sql\`select pg_sleep(0.05)\`);
  });`;

/** Waits for a reason of its own for a while. */
const WAITS = `${begin}let begun;
exports.run = (job) => job.inBatches(
  sql\`orders\`,
  {
    key: sql\`id\`,
    lanes: 1,
    batchSize: { min: 500, max: 500 },
    throttle: { check: () => Date.now() - (begun ??= Date.now()) < WAIT_MS ? 'orders are imported' : undefined },
  },
  async (tx, batch) => { await tx.execute(sql\`update orders set price = price where \${batch}\`); });`;

const RETRIES = `exports.run = async (job) => {
  if (job.attempt < 4) throw new Error('a service is away');
};`;

const FAILS = `${begin}exports.run = async (job) => {
  await job.db.execute(sql\`insert into orders (id) values (1)\`);
};`;

const BLOCKED = `exports.dependsOn = ['0004_fails'];
exports.run = async () => {};`;

/** In the order in which they are registered. */
export const NAMES = [
  '0001_backfill_users',
  '0002_order_cents',
  '0003_retries',
  '0004_fails',
  '0005_touch_orders:eu',
  '0005_touch_orders:us',
  '0006_blocked',
];

/** @param seconds that the whole takes about */
export function writeJobs(folder: JobsFolder, seconds: number): void {
  folder.writeJob('0001_backfill_users', BACKFILL);
  folder.writeJob('0002_order_cents', SKIPS);
  folder.writeJob('0003_retries', RETRIES);
  folder.writeJob('0004_fails', FAILS);
  folder.writeJob('0005_touch_orders', WAITS.replace('WAIT_MS', String(seconds * 100)));
  folder.writeJob('0006_blocked', BLOCKED);
}
