import { inBatches, oneUpdate, updateRows } from './contestants';
import { startBench } from './server';
import { timed } from './throughput';
import { makeUsers } from './users';

async function main() {
  const rows = Number(process.argv[2] ?? 300_000);
  const rounds = Number(process.argv[3] ?? 3);
  const bench = await startBench(false);
  try {
    await makeUsers(bench.sql, rows);
    const fixed = (n: number, lanes = 1) =>
      inBatches({ throttle: false, lanes, batchSize: { min: n, max: n } });
    const all: Record<string, typeof oneUpdate> = {
      one: oneUpdate,
      def: inBatches({ throttle: false }),
      'def x2': inBatches({ throttle: false, lanes: 2 }),
      b2000: fixed(2000),
      b500: fixed(500),
      ...(process.argv[4] ? { upd: updateRows({ throttle: false }) } : {}),
    };
    for (let r = 0; r < rounds; r++) {
      const t: Record<string, number> = {};
      for (const [name, c] of Object.entries(all)) t[name] = await timed(bench, c);
      const one = t['one'] ?? 0;
      console.log(
        Object.entries(t)
          .map(([n, s]) => `${n} ${s.toFixed(2)}s ${(one / s).toFixed(2)}`)
          .join(' | '),
        '| overhead ms/batch 500:',
        ((((t['b500'] ?? 0) - one) / (rows / 500)) * 1000).toFixed(2),
        '2000:',
        ((((t['b2000'] ?? 0) - one) / (rows / 2000)) * 1000).toFixed(2),
      );
    }
  } finally {
    await bench.stop();
  }
}
void main();
