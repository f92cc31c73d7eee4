import { availableParallelism } from 'node:os';
import { resourceLimits } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { built } from '../../../settings/projectFolder';
import { elsewhere } from '../../context/databaseTime';
import type { MapOptions } from '../../context/index';
import { JobUsageError } from '../../context/jobUsageError';
import { type OptionNames, requireOptions } from '../../context/optionNames';
import { rebuild } from '../../process/describedError';
import { importModule } from '../importModule';
import type { Part, PartResult } from './mapThread';
import { findModule } from './module';
import { pack, unpack } from './packed';

const MAP: OptionNames<MapOptions> = { threads: true };
/** More threads than the cores of most machines; each has a heap of its own. */
const THREADS_AT_MOST = 16;
/**
 * Parts for each thread: rows differ in their work, and a thread that is ready early takes a further
 * part. More parts would cost more messages.
 */
const PARTS_A_THREAD = 4;

/** One core is left to the job's own thread, which talks to the database. */
const defaultThreads = (): number =>
  Math.min(THREADS_AT_MOST, Math.max(1, availableParallelism() - 1));

/** The threads of job.map() in one attempt. They are started when needed, and kept. */
export class Mapping {
  /** By number of threads. Jobs seldom use more than one. */
  readonly #pools = new Map<number, Promise<Piscina>>();
  readonly #files = new Map<string, string>();
  #running = 0;

  /** @param job the job's file */
  constructor(
    private readonly job: string,
    private readonly signal: AbortSignal,
  ) {}

  /** See JobContext.map. */
  async map<R>(rows: readonly unknown[], module: string, options: MapOptions = {}): Promise<R[]> {
    requireOptions('the options of job.map', options, MAP);
    const { threads = defaultThreads() } = options;
    if (!Array.isArray(rows)) {
      throw new JobUsageError("job.map needs an array of rows: job.map(rows, './hash.js')");
    }
    if (!Number.isSafeInteger(threads) || threads < 1 || threads > THREADS_AT_MOST) {
      throw new JobUsageError(
        `job.map: threads is ${threads}; it must be a whole number from 1 to ${THREADS_AT_MOST}`,
      );
    }
    const file = this.#find(module);
    if (rows.length === 0) return [];
    const size = Math.ceil(rows.length / (threads * PARTS_A_THREAD));
    const parts = split(rows, size).map((part) => ({ file, module, rows: pack(part, module) }));
    this.#running += 1;
    try {
      const mapped = await elsewhere(() => this.#mapParts(parts, threads));
      return mapped.flat() as R[];
    } finally {
      this.#running -= 1;
    }
  }

  /**
   * To be called when run() has returned.
   * @throws JobUsageError when a map() is still running: run() has not awaited it
   */
  requireAwaited(who = 'run()'): void {
    if (this.#running > 0) {
      throw new JobUsageError(`${who} returned while job.map was still running: await it`);
    }
  }

  /** Ends the threads. */
  async end(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map(async (pool) => (await pool).destroy()));
  }

  #find(module: string): string {
    const file = this.#files.get(module) ?? findModule(this.job, module);
    this.#files.set(module, file);
    return file;
  }

  /** Gives each free thread the next part. After an error, what runs ends and nothing more begins. */
  async #mapParts(parts: readonly Part[], threads: number): Promise<(readonly unknown[])[]> {
    const pool = await this.#pool(threads);
    const results: (readonly unknown[])[] = [];
    const errors: unknown[] = [];
    let next = 0;
    const thread = async () => {
      for (let at = next++; at < parts.length && errors.length === 0; at = next++) {
        try {
          results[at] = await this.#mapPart(pool, parts[at] as Part);
        } catch (error) {
          errors.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(threads, parts.length) }, thread));
    if (errors.length > 0) throw errors[0];
    return results;
  }

  async #mapPart(pool: Piscina, part: Part): Promise<readonly unknown[]> {
    this.signal.throwIfAborted();
    let result: PartResult;
    try {
      result = await pool.run(part, { signal: this.signal });
    } catch (error) {
      this.signal.throwIfAborted();
      throw new Error(`a thread of job.map with ${part.module} has ended`, { cause: error });
    }
    if ('error' in result) throw rebuild(result.error, result.detail);
    return unpack(result.results);
  }

  #pool(threads: number): Promise<Piscina> {
    const pool = this.#pools.get(threads) ?? openPool(threads);
    this.#pools.set(threads, pool);
    return pool;
  }
}

/** Loaded only when a job maps: each attempt starts a thread, and most don't need it. */
async function openPool(threads: number): Promise<Piscina> {
  const { Piscina } = await importModule<typeof import('piscina')>('piscina');
  const { maxOldGenerationSizeMb } = resourceLimits;
  const pool = new Piscina({
    filename: built('mapThread.js'),
    minThreads: 0,
    maxThreads: threads,
    // The next batch needs them again.
    idleTimeout: Number.POSITIVE_INFINITY,
    // The job's own limit holds for each thread. A test may run without one.
    ...(maxOldGenerationSizeMb ? { resourceLimits: { maxOldGenerationSizeMb } } : {}),
  });
  // A thread that breaks between two parts is replaced by the pool.
  pool.on('error', () => {});
  return pool;
}

function split<T>(rows: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < rows.length; at += size) parts.push(rows.slice(at, at + size));
  return parts;
}
