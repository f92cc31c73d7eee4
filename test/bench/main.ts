import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { projectFolder } from '../../settings/projectFolder';
import { UsageError } from '../../settings/usageError';
import { cpu } from './cpu';
import { markdown, type Table } from './figures';
import { foreground } from './foreground';
import { kill } from './kill';
import { scale } from './scale';
import { type Bench, startBench } from './server';
import { startUp } from './startUp';
import { throughput } from './throughput';

interface Options {
  readonly rows: number;
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly parts: readonly string[];
  readonly write: boolean;
}

const PARTS: Readonly<Record<string, (bench: Bench, options: Options) => Promise<Table>>> = {
  throughput: (bench, { rows, rounds }) => throughput(bench, rows, rounds),
  scale: (bench, { sizes, rounds }) => scale(bench, sizes, rounds),
  foreground: (bench, { rows, rounds }) => foreground(bench, rows, rounds),
  cpu: (bench, { rounds }) => cpu(bench, rounds),
  kill: (bench, { rounds }) => kill(bench, rounds),
  startUp: (bench) => startUp(bench),
};
const NEED_TEMPORAL = ['scale', 'kill', 'startUp'];

const HELP = `npm run bench -- [--only throughput,scale,foreground,cpu,kill,startUp] [--rows 1000000]
  [--sizes 1000000,3000000,10000000] [--rounds 5] [--write]
Starts its own servers. All parts together take about 25 minutes. --write also writes
the tables to docs/benchmarks.md.`;

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
  const tables: Table[] = [];
  try {
    for (const part of options.parts) {
      console.log(part);
      const table = await PARTS[part]?.(bench, options);
      if (!table) continue;
      console.log(`\n${markdown(table)}`);
      tables.push(table);
      // Written after each part, so that a failure of a later part does not lose the tables.
      if (options.write) {
        writeFileSync(path.join(projectFolder, 'docs/benchmarks.md'), page(tables, load));
      }
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

function page(tables: readonly Table[], load: number): string {
  const machine =
    `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, embedded PostgreSQL; ` +
    `load average before the start ${load.toFixed(1)}`;
  return [
    '# Benchmarks',
    '',
    `Written by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}: ${machine}.`,
    'The absolute figures are for this machine. The ratios, taken within one run, hold elsewhere too.',
    '',
    ...tables.map(markdown),
  ].join('\n');
}
