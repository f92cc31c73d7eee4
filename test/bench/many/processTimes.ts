import { readdirSync, readFileSync } from 'node:fs';

/** Processor time in milliseconds, by what used it (Linux only). */
export interface ProcessTimes {
  readonly worker: number;
  /** Processes of jobs, those that have ended among them. */
  readonly jobs: number;
  readonly postgres: number;
  readonly temporal: number;
}

/** Of the kernel's clock: sysconf(_SC_CLK_TCK) is 100 on every Linux that Node runs on. */
const TICK = 10;

/** @param servers the process that has started Postgres and Temporal */
export function processTimes(worker: number, servers: number): ProcessTimes {
  const all = readAll();
  const own = all.get(worker);
  const below = descendants(all, servers);
  const of = (program: RegExp) =>
    below.filter(({ name }) => program.test(name)).reduce((sum, each) => sum + each.all, 0);
  const jobs = descendants(all, worker).reduce((sum, each) => sum + each.all, 0);
  return {
    worker: own?.own ?? Number.NaN,
    jobs: (own ? own.all - own.own : 0) + jobs,
    postgres: of(/^postgres/),
    temporal: of(/^temporal/),
  };
}

interface Process {
  readonly parent: number;
  readonly name: string;
  readonly own: number;
  /** With its children that have ended. */
  readonly all: number;
}

function readAll(): Map<number, Process> {
  const pids = readdirSync('/proc').filter((each) => /^[0-9]+$/.test(each));
  return new Map(
    pids.flatMap((pid) => {
      const process = read(pid);
      return process ? [[Number(pid), process] as const] : [];
    }),
  );
}

function read(pid: string): Process | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has just ended.
    return undefined;
  }
  // A name may hold spaces and brackets.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const ticks = (at: number) => Number(fields[at]) * TICK;
  const own = ticks(11) + ticks(12);
  const name = text.slice(text.indexOf('(') + 1, end);
  return { parent: Number(fields[1]), name, own, all: own + ticks(13) + ticks(14) };
}

function descendants(all: ReadonlyMap<number, Process>, of: number): Process[] {
  const children = [...all].filter(([, { parent }]) => parent === of);
  return children.flatMap(([pid, process]) => [process, ...descendants(all, pid)]);
}
