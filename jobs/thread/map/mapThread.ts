import { JobUsageError } from '../../context/jobUsageError';
import { type Description, describeError } from '../../process/describeError';
import { detailOf } from '../../process/detail';
import { traceToSources } from '../../process/place';
import { loadModule } from '../loadModule';
import { pack, unpack } from './packed';

// What runs in a thread of job.map.

/** Some of the rows, for one thread. */
export interface Part {
  /** The author's module. */
  readonly file: string;
  /** The same as the job names it. */
  readonly module: string;
  /** Packed, as the results are. */
  readonly rows: Uint8Array;
}

/** Errors are described here: what leaves a thread by itself may hold values, and loses its class. */
export type PartResult =
  | { readonly results: Uint8Array }
  | { readonly error: Description; readonly detail: string | undefined };

type MapFunction = (row: unknown) => unknown;

export default async function mapPart({ file, module, rows }: Part): Promise<PartResult> {
  try {
    traceToSources();
    const map = findFunction(await loadModule(file));
    if (!map) {
      throw new JobUsageError(
        `job.map: ${module} exports no function; write: export default (row) => …`,
      );
    }
    const results: unknown[] = [];
    for (const row of unpack(rows)) {
      const result = map(row);
      // Not awaited always: that would take longer than many a function.
      results.push(isPromise(result) ? await result : result);
    }
    return { results: pack(results, module) };
  } catch (thrown) {
    return { error: describeError(thrown), detail: detailOf(thrown) };
  }
}

/** The default export. That of a compiled module is in a `default` of its own. */
function findFunction(exported: unknown): MapFunction | undefined {
  if (typeof exported === 'function') return exported as MapFunction;
  if (typeof exported !== 'object' || exported === null || !('default' in exported)) {
    return undefined;
  }
  return findFunction(exported.default);
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
