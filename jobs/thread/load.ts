import { UsageError } from '../../settings/usageError';
import type { JobContext, ReadyContext, VerifyContext } from '../context/index';
import type { JobFacts } from '../process/messages';
import { traceToSources } from '../process/place';
import type { StandardSchema } from '../standardSchema';
import { readDependsOn } from './dependencies';
import { readFunction, readOptions } from './facts';
import { readInputSchema } from './input';
import { loadModule } from './loadModule';

/** A loaded job file. */
export interface LoadedJob {
  readonly facts: JobFacts;
  readonly input: StandardSchema | undefined;
  readonly run: (job: JobContext) => unknown;
  readonly revert: ((job: JobContext) => unknown) | undefined;
  readonly verify: ((job: VerifyContext) => unknown) | undefined;
  readonly ready: ((job: ReadyContext) => unknown) | undefined;
}

/**
 * Loads a job file. Call it only in a job thread, since the file's top level may do anything.
 * @throws UsageError when it exports no run(), or something else that can't be used; else the error of
 *   the file itself
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
  const ready = readFunction<ReadyContext>('ready', exported['ready']);
  const revert = readFunction<JobContext>('revert', exported['revert']);
  return {
    run: exported['run'] as LoadedJob['run'],
    input: readInputSchema(exported['input']),
    revert,
    verify: readFunction<VerifyContext>('verify', exported['verify']),
    ready,
    facts: {
      options: readOptions(exported['options']),
      dependsOn: readDependsOn(exported['dependsOn']),
      ready: ready !== undefined,
      reverts: revert !== undefined,
    },
  };
}

/**
 * The innermost object with a function `run`. `import()` of a CommonJS file puts its exports into
 * `default`, where a compiled `export default` is in a `default` of its own; and exports that Node
 * can't detect are found only there. What it lacks is taken from around it: a `verify` that is
 * exported beside an `export default` must not be passed over.
 */
function findJob(module: Record<string, unknown>): Record<string, unknown> | undefined {
  const inner = module['default'];
  const found = typeof inner === 'object' && inner ? findJob({ ...inner }) : undefined;
  if (found) return { ...module, ...found };
  return typeof module['run'] === 'function' ? module : undefined;
}
