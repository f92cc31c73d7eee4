import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../../settings/usageError';
import { attempts } from './attempts';
import { chain } from './chain';
import { cpu } from './cpu';
import { markdown, type Table } from './figures';
import { fixedCost } from './fixedCost';
import { foreground } from './foreground';
import { idle } from './idle';
import { idleWorker } from './idleWorker';
import { kill } from './kill';
import { many } from './many/many';
import { writePart } from './page/write';
import { scale } from './scale';
import { type Bench, startBench } from './server';
import { startUp } from './startUp';
import { steps } from './steps/steps';
import { throughput } from './throughput';

interface Options {
  readonly rows: number;
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Seconds of each phase of the load that steps. */
  readonly phase: number;
  /** Migrations that wait in the part `many`, and how many of them are measured. */
  readonly pending: number;
  readonly measured: number;
  /** Migrations in the part `chain`. */
  readonly chain: number;
  /** Rows of a year in the part `attempts`. */
  readonly attempts: number;
  readonly parts: readonly string[];
  readonly write: boolean;
}

const PARTS: Readonly<Record<string, (bench: Bench, options: Options) => Promise<Table>>> = {
  throughput: (bench, { rows, rounds }) => throughput(bench, rows, rounds),
  scale: (bench, { sizes, rounds }) => scale(bench, sizes, rounds),
  fixedCost: (bench, { rows, rounds }) => fixedCost(bench, rows, rounds),
  idle: (bench, { rows, rounds }) => idle(bench, rows, rounds),
  foreground: (bench, { rows, rounds }) => foreground(bench, rows, rounds),
  steps: (bench, { rows, rounds, phase }) => steps(bench, rows, rounds, phase),
  cpu: (bench, { rounds }) => cpu(bench, rounds),
  kill: (bench, { rounds }) => kill(bench, rounds),
  startUp: (bench) => startUp(bench),
  chain: (bench, { chain: length }) => chain(bench, length),
  idleWorker: (bench, { rounds }) => idleWorker(bench, rounds),
  attempts: (bench, { attempts: rows, rounds }) => attempts(bench, rows, rounds),
  many: (bench, { pending, measured }) => many(bench, pending, measured),
};
const NEED_TEMPORAL = ['scale', 'kill', 'startUp', 'many', 'chain', 'idleWorker', 'attempts'];

const HELP = `npm run bench -- [--only ${Object.keys(PARTS).join(',')}]
  [--rows 1000000] [--sizes 1000000,3000000,10000000] [--rounds 5] [--phase 15]
  [--pending 10000] [--measured 2000] [--chain 200] [--attempts 500000] [--write]
Starts its own servers. All parts together take about an hour and a half. --write also writes the
tables and pictures to docs/benchmarks.md, and leaves the parts that did not run as they are. The
parts idle and steps need a table 8 and 20 times as large as --rows.`;

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return console.log(HELP);
  // Read before the benchmark adds its own load: it shows whether the machine was busy.
  const [load = 0] = loadavg();
  const bench = await startBench(options.parts.some((part) => NEED_TEMPORAL.includes(part)));
  try {
    for (const part of options.parts) {
      console.log(part);
      const table = await PARTS[part]?.(bench, options);
      if (!table) continue;
      console.log(`\n${markdown(table)}`);
      // Written after each part, so that a failure of a later part does not lose the tables.
      if (options.write) await writePart(bench, part, table, Object.keys(PARTS), load);
    }
  } finally {
    await bench.stop();
  }
}

function readOptions(args: string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const parts = values.only.split(',');
  const unknown = parts.filter((part) => !(part in PARTS));
  if (unknown.length > 0) {
    throw new UsageError(
      `--only: ${unknown.join(', ')} is not one of ${Object.keys(PARTS).join(', ')}`,
    );
  }
  return {
    rows: whole('--rows', values.rows),
    sizes: values.sizes.split(',').map((size) => whole('--sizes', size)),
    rounds: whole('--rounds', values.rounds),
    phase: whole('--phase', values.phase),
    pending: whole('--pending', values.pending),
    measured: whole('--measured', values.measured),
    chain: whole('--chain', values.chain),
    attempts: whole('--attempts', values.attempts),
    parts,
    write: values.write,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', default: false },
        only: { type: 'string', default: Object.keys(PARTS).join(',') },
        rows: { type: 'string', default: '1000000' },
        sizes: { type: 'string', default: '1000000,3000000,10000000' },
        rounds: { type: 'string', default: '5' },
        phase: { type: 'string', default: '15' },
        pending: { type: 'string', default: '10000' },
        measured: { type: 'string', default: '2000' },
        chain: { type: 'string', default: '200' },
        attempts: { type: 'string', default: '500000' },
        write: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function whole(option: string, text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${option}: '${text}' is not a whole number above 0`);
}
