import { parseArgs } from 'node:util';
import { UsageError } from '../../settings/usageError';

/** What `npm run chaos -- …` was asked for. */
export interface Arguments {
  /** Of faults; the time for what is left to do comes on top. */
  readonly minutes: number;
  readonly seed: string;
  /** Kinds of faults; empty: all. */
  readonly only: readonly string[];
  readonly list: boolean;
  /** Where the run's folder is kept. Undefined: it is removed after a run without findings. */
  readonly keep: string | undefined;
  /** A build with a planted fault, which the workers run. */
  readonly mutant: string | undefined;
}

/** `--short`: the run of `npm test`, three minutes in all, with faults that every machine can make. */
const SHORT = {
  minutes: '1',
  seed: '16',
  only: [
    'SIGKILL of a worker',
    'SIGKILL of job processes',
    'SIGSTOP of a worker with its jobs, longer than the heartbeat timeout',
    'Postgres: promotion of the replica',
    'Postgres: sessions of attempts terminated',
    'Temporal: killed, and started again',
    'Terminate of the run in Temporal',
    'lrm pause, then resume',
  ],
};

export const USAGE = `npm run chaos -- [--minutes N] [--seed S] [--only KIND]… [--keep FOLDER] [--mutant NAME]
npm run chaos -- --short
npm run chaos -- --list`;

/** @throws UsageError */
export function readArguments(args: readonly string[]): Arguments {
  const given = parse(args);
  const values = given.short ? { ...SHORT, ...given } : given;
  const minutes = Number(values.minutes ?? 5);
  if (!(minutes >= 0 && minutes <= 10_000)) {
    throw new UsageError(`--minutes: '${values.minutes}' is not a number from 0 to 10000`);
  }
  return {
    minutes,
    seed: values.seed ?? String(Math.floor(Math.random() * 1e9)),
    only: values.only ?? [],
    list: values.list ?? false,
    keep: values.keep,
    mutant: values.mutant,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string', multiple: true },
        short: { type: 'boolean' },
        list: { type: 'boolean' },
        keep: { type: 'string' },
        mutant: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. Usage:\n${USAGE}`);
  }
}
