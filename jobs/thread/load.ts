import { UsageError } from '../../settings/usageError';
import type { JobContext } from '../context/index';
import type { JobFacts } from '../process/messages';
import { traceToSources } from '../process/place';
import type { StandardSchema } from '../standardSchema';
import { readDependsOn, readOptions } from './facts';
import { readInputSchema } from './input';
import { loadModule } from './loadModule';

/** A loaded job file. */
export interface LoadedJob extends JobFacts {
  readonly input: StandardSchema | undefined;
  readonly run: (job: JobContext) => unknown;
}

/**
 * Loads a job file. Call it only in a job thread, since the file's top level may do anything.
 * @throws UsageError when it exports no run() or invalid options; else the error of the file itself
 */
export async function loadJob(file: string): Promise<LoadedJob> {
  traceToSources();
  const exported = findJob(await loadModule(file));
  if (!exported) {
    throw new UsageError(
      "no function 'run' is exported; write: export default defineJob({ async run(job) { … } }), " +
        'or: export async function run(job) { … }',
    );
  }
  return {
    run: exported['run'] as LoadedJob['run'],
    options: readOptions(exported['options']),
    dependsOn: readDependsOn(exported['dependsOn']),
    input: readInputSchema(exported['input']),
  };
}

/**
 * The innermost object with a function `run`. `import()` of a CommonJS file puts its exports into
 * `default`, where a compiled `export default` is in a `default` of its own; and exports that Node
 * can't detect are found only there.
 */
function findJob(module: Record<string, unknown>): Record<string, unknown> | undefined {
  const inner = module['default'];
  const found = typeof inner === 'object' && inner ? findJob({ ...inner }) : undefined;
  return found ?? (typeof module['run'] === 'function' ? module : undefined);
}
