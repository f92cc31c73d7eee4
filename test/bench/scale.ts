import { inBatches, oneUpdate } from './contestants';
import { count, spread, type Table } from './figures';
import { watchMemory } from './memory';
import type { Bench } from './server';
import { timed } from './throughput';
import { makeUsers, renewUsers, requireDone } from './users';
import { compiledJobs, registerAnew, startRun, startWorker } from './workers';

/** Few, because the largest table alone takes minutes. */
const ROUNDS_AT_MOST = 2;

/** The measurements at one size, with one value for each round. */
interface Size {
  readonly rows: number;
  readonly oneUpdate: number[];
  readonly batches: number[];
  readonly mapped: number[];
  readonly memory: number[];
}

/** Walks over larger and larger tables. Neither speed nor memory may depend on the size. */
export async function scale(
  bench: Bench,
  sizes: readonly number[],
  rounds: number,
): Promise<Table> {
  const measured = sizes.map(
    (rows): Size => ({ rows, oneUpdate: [], batches: [], mapped: [], memory: [] }),
  );
  for (let round = 0; round < Math.min(rounds, ROUNDS_AT_MOST); round++) {
    for (const size of measured) {
      await makeUsers(bench.sql, size.rows);
      const speed = (seconds: number) => size.rows / seconds / 1_000;
      size.oneUpdate.push(speed(await timed(bench, oneUpdate)));
      size.batches.push(speed(await timed(bench, inBatches({ throttle: false, lanes: 2 }))));
      const { seconds, memory } = await inWorker(bench);
      size.mapped.push(speed(seconds));
      size.memory.push(memory);
      console.log(`  round ${round + 1}, ${count(size.rows)}: ${speeds(size).join(', ')}`);
    }
  }
  return report(measured);
}

/** Runs a migration in a worker. Returns its seconds, and the maximum memory of worker and job. */
async function inWorker(bench: Bench): Promise<{ seconds: number; memory: number }> {
  await renewUsers(bench.sql);
  await registerAnew(bench, '0002_mapped');
  const worker = await startWorker(bench, compiledJobs);
  const memory = watchMemory(worker.pid);
  const ended = await startRun(bench);
  await ended();
  const most = memory();
  await worker.stop();
  await requireDone(bench.sql);
  const [attempt] = await bench.sql<{ seconds: number }[]>`
    select extract(epoch from ended_at - started_at)::float8 as seconds
    from long_running_migrations.attempts`;
  return { seconds: attempt?.seconds ?? Number.NaN, memory: most };
}

const speeds = ({ oneUpdate, batches, mapped, memory }: Size) => [
  ...[oneUpdate, batches, mapped].map((all) => spread(all, 0)),
  spread(memory, 0),
];

function report(measured: readonly Size[]): Table {
  const first = measured[0];
  const ratio = ({ batches }: Size) =>
    spread(batches.map((speed, round) => speed / (first?.batches[round] ?? Number.NaN)));
  return {
    title: 'Size',
    text:
      '1,000 rows/s, two lanes, `throttle: false`. The ratio compares `inBatches` with the first size ' +
      'in the same round. `updateRows` ran as a migration in a worker. Memory is the maximum of the ' +
      "worker's and the job's process together, in MiB, with all of Node; shared pages count once.",
    head: ['rows', 'one UPDATE', '`inBatches`', 'ratio', '`updateRows`, worker', 'memory'],
    rows: measured.map((size) => {
      const [update = '', batches = '', mapped = '', memory = ''] = speeds(size);
      return [count(size.rows), update, batches, ratio(size), mapped, memory];
    }),
  };
}
