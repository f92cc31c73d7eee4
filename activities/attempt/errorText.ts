import { condition } from '../../drizzle/conditions';
import type { Description } from '../../jobs/process/describeError';
import type { During } from '../../jobs/process/messages';

/** Longer chains of causes only repeat themselves. */
const PARTS_AT_MOST = 4;

/** Describes an error in one line. An error that may quote a row gets a text of our own. */
export function errorText(during: During, error: Description): string {
  const verb = error.origin === 'no error' ? 'threw ' : '';
  const text = verb + parts(error).slice(0, PARTS_AT_MOST).join('; caused by ');
  if (during === 'load') return `the job can't be loaded: ${text}`;
  if (during === 'verify')
    return isNotVerified(error) ? (error.message ?? '') : `verify(): ${text}`;
  return during === 'elsewhere' ? `outside of run(): ${text}` : text;
}

/** Its message is a sentence of our own. */
const isNotVerified = (error: Description): boolean =>
  error.origin === 'ours' && error.name === 'NotVerified';

function parts(error: Description): string[] {
  return [part(error), ...error.causes.flatMap(parts)];
}

function part(error: Description): string {
  return [body(error), error.place ? `at ${error.place}` : ''].filter(Boolean).join(' ');
}

function body(error: Description): string {
  if (error.origin === 'postgres') return postgres(error);
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return 'the job needs more memory than memoryLimitMb or LRM_MEMORY_LIMIT_MB allows';
  }
  if (error.origin === 'driver') return `the database query failed (${error.code ?? error.name})`;
  if (error.origin === 'no error') {
    return `a value that is not an Error: ${error.message ?? error.name}`;
  }
  const code = error.code ? ` (${error.code})` : '';
  return error.message ? `${error.name}: ${error.message}${code}` : `${error.name}${code}`;
}

function postgres(error: Description): string {
  const code = error.code ?? '';
  const what = error.objects ? `${condition(code)}: ${error.objects}` : condition(code);
  const table = error.schema && error.table ? `${error.schema}.${error.table}` : error.table;
  return [
    `${what} (SQLSTATE ${code})`,
    error.constraint ? `on constraint ${error.constraint}` : '',
    error.column ? `on column ${error.column}` : '',
    table ? `of table ${table}` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
