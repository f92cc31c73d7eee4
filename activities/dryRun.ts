import { randomInt, randomUUID } from 'node:crypto';
import type { Database } from '../drizzle/database';
import { endSessions } from '../drizzle/rows/sessions';
import type { DryBatch } from '../jobs/context/dryRun';
import { describeCrash, describeExit } from '../jobs/process/crash';
import type { Description } from '../jobs/process/describeError';
import { JobProcess } from '../jobs/process/jobProcess';
import type { During, FromJobProcess, GivenInput, Scan } from '../jobs/process/messages';
import type { Settings } from '../settings/settings';
import { jobConnection } from './attempt/jobSessions';
import { type AttemptLimits, ownLimit } from './limits';

/** What is tried. */
export interface DryRunOptions {
  readonly name: string;
  readonly file: string;
  /** Undefined: registered without an input. */
  readonly input: GivenInput | undefined;
  readonly limits: AttemptLimits;
  readonly batches: number;
  readonly sideEffects: boolean;
  readonly log: (line: string) => void;
}

/** How it ended. */
export type DryEnd =
  /** After so many batches, or because run() returned. */
  | { readonly kind: 'enough' }
  | { readonly kind: 'returned' }
  /** It would have done what can't be rolled back. */
  | { readonly kind: 'refused'; readonly what: string }
  | { readonly kind: 'time limit' }
  | { readonly kind: 'failed'; readonly during: During; readonly error: Description };

export interface DryReport {
  readonly end: DryEnd;
  readonly batches: readonly DryBatch[];
  readonly scans: readonly Scan[];
}

/** Less than a job process waits for a silent worker. Milliseconds. */
const BEAT_EVERY = 1_000;
const SILENT = 10_000;

/**
 * Runs the first batches of a job in a process of its own, in transactions that are rolled back.
 * Nothing is claimed, and nothing is stored. When this returns, its sessions are gone. If this process
 * is killed, the job process ends itself, and the server rolls back what was open.
 */
export async function dryRun(
  { db, settings }: { readonly db: Database; readonly settings: Settings },
  options: DryRunOptions,
): Promise<DryReport> {
  const { limits } = options;
  // Not the number of any attempt: the name of its sessions is made from it.
  const id = BigInt(-randomInt(1, 2 ** 47));
  const jobProcess = new JobProcess(limits.memoryLimitMb);
  const batches: DryBatch[] = [];
  const scans: Scan[] = [];
  const alive = setInterval(() => jobProcess.send({ type: 'alive' }), BEAT_EVERY);
  let limit: NodeJS.Timeout | undefined;
  try {
    const end = await new Promise<DryEnd>((resolve) => {
      limit = setTimeout(() => resolve({ kind: 'time limit' }), ownLimit(limits));
      jobProcess.onMessage((message) => {
        if (message.type === 'session') jobProcess.send({ type: 'sessionAllowed' });
        if (message.type === 'log') options.log(message.message);
        if (message.type === 'dry' && message.news.kind === 'batch') {
          batches.push(message.news.batch);
        }
        if (message.type === 'dry' && message.news.kind === 'scan') scans.push(message.news.scan);
        const end = endOf(message);
        if (end) resolve(end);
      });
      void jobProcess.ended.then((crash) =>
        resolve({ kind: 'failed', during: 'run', error: describeCrash(crash) }),
      );
      jobProcess.begin({
        task: 'run',
        file: options.file,
        ...jobConnection(settings),
        databases: settings.databases,
        origin: { installation: '', generation: '', former: null },
        input: options.input,
        attempt: {
          migration: options.name,
          id: String(id),
          number: 1,
          epoch: randomUUID(),
          server: '',
        },
        direction: 'forward',
        dry: { batches: options.batches, sideEffects: options.sideEffects },
        checkpointVersion: 0,
        unthrottled: false,
        onlyIfEmpty: false,
        limitMs: Math.ceil(ownLimit(limits)),
        silentMs: SILENT,
        errorDetail: settings.LRM_ERROR_DETAIL,
      });
    });
    return { end, batches, scans };
  } finally {
    clearTimeout(limit);
    clearInterval(alive);
    await jobProcess.end();
    await endSessions(db, [id]);
  }
}

function endOf(message: FromJobProcess): DryEnd | undefined {
  switch (message.type) {
    case 'dry':
      return message.news.kind === 'enough' || message.news.kind === 'refused'
        ? message.news
        : undefined;
    case 'returned':
      return { kind: 'returned' };
    case 'failed':
      return { kind: 'failed', during: message.during, error: message.error };
    case 'exited':
      return { kind: 'failed', during: 'run', error: describeExit(message.code) };
    default:
      return undefined;
  }
}
