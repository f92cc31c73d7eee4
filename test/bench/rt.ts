import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { inBatches, oneUpdate, updateRows } from './contestants';
import { type Bench, startBench } from './server';
import { timed } from './throughput';
import { makeUsers } from './users';

/** CPU of all backends of our server, ms. */
function serverCpu(): number {
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const cmd = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      if (!cmd.startsWith('postgres:') && !/postgres/.test(cmd)) continue;
      const env = parents.get(pid);
      const s = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const f = s.slice(s.lastIndexOf(')') + 2).split(' ');
      if (f[1] !== String(root) && pid !== String(root)) continue;
      sum += (Number(f[11]) + Number(f[12])) * 10;
      void env;
    } catch {}
  }
  return sum;
}
const parents = new Map<string, string>();
let root = 0;
async function findRoot(bench: Bench) {
  const [row] = await bench.sql`select current_setting('data_directory') as d`;
  root = Number(readFileSync(`${row?.['d']}/postmaster.pid`, 'utf8').split('\n')[0]);
}
void execFileSync;

async function main() {
  const rows = Number(process.argv[2] ?? 300_000);
  const rounds = Number(process.argv[3] ?? 3);
  const bench = await startBench(false);
  try {
    await findRoot(bench);
    await makeUsers(bench.sql, rows);
    const fixed = (n: number, lanes = 1) =>
      inBatches({ throttle: false, lanes, batchSize: { min: n, max: n } });
    const all: Record<string, typeof oneUpdate> = {
      one: oneUpdate,
      def: inBatches({ throttle: false, lanes: 1 }),
      'def x2': inBatches({ throttle: false, lanes: 2 }),
      b2000: fixed(2000),
      b500: fixed(500),
      ...(process.argv[4] ? { upd: updateRows({ throttle: false, lanes: 1 }), upd2: updateRows({ throttle: false, lanes: 2 }) } : {}),
    };
    for (let r = 0; r < rounds; r++) {
      const out: string[] = [];
      let one = 0;
      for (const [name, c] of Object.entries(all)) {
        const n0 = process.cpuUsage();
        let live = 0;
        const s0 = serverCpu();
        const t = await timed(bench, async (b) => {
          const before = serverCpu();
          await c(b);
          live = serverCpu() - before;
        });
        void s0;
        const n = process.cpuUsage(n0);
        if (name === 'one') one = t;
        out.push(`${name} ${t.toFixed(2)}s ${(one / t).toFixed(2)} node ${((n.user + n.system) / 1000).toFixed(0)} pg ${live}`);
      }
      console.log(out.join(' | '));
    }
  } finally {
    await bench.stop();
  }
}
void main();
