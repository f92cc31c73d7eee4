import { UsageError } from './usageError';

/**
 * Variables that belong to the worker and hold a secret, or lead to one. A job's code does not see
 * them: it works on connections that its process is given. What is the application's own (a key of a
 * service that the job calls) stays.
 */
const SECRETS: readonly RegExp[] = [
  /^DATABASE_URL$/,
  // LRM_JOB_DATABASE_URL, LRM_DATABASE_<NAME>_URL.
  /^LRM_(.+_)?URL$/,
  // LRM_PAYLOAD_KEY, and what may come to be called so.
  /^LRM_.*(KEY|KEYS|TOKEN|SECRET|PASSWORD)$/,
  /^PGPASSWORD$/,
  // Keys of the collector that traces and metrics are sent to: 'api-key=…,other=…'.
  /^OTEL_EXPORTER_OTLP_(.+_)?HEADERS$/,
  /^TEMPORAL_(API_KEY|CODEC_AUTH|GRPC_META_.+|TLS_CLIENT_KEY_DATA)$/,
];

/** They only lead to a secret: their own values may be shown. */
const PATHS: readonly RegExp[] = [/^TEMPORAL_(CONFIG_FILE|TLS_CLIENT_KEY_PATH)$/];

const isOneOf = (names: readonly RegExp[], name: string): boolean =>
  names.some((each) => each.test(name));

/**
 * The environment of a job process: without the worker's secrets, except for those that `LRM_JOB_ENV`
 * names.
 * @throws UsageError when LRM_JOB_ENV is not a list of names
 */
export function jobEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const allowed = readJobEnv(env);
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => allowed.includes(name) || !isOneOf([...SECRETS, ...PATHS], name),
    ),
  );
}

/** What is wrong with a value of `LRM_JOB_ENV`; undefined when nothing is. */
export function jobEnvProblem(value: string): string | undefined {
  const wrong = namesIn(value).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong === undefined) return undefined;
  return 'is not a list of names of variables; write them with commas, as in DATABASE_URL,TEMPORAL_API_KEY';
}

/** The values of the worker's secrets in an environment, which nobody may be shown. */
export function secretsIn(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!value || !isOneOf(SECRETS, name)) return [];
    if (/^LRM_.*KEYS?$/.test(name)) return [value, ...keysIn(value)];
    if (name.startsWith('OTEL_')) return [value, ...headersIn(value)];
    return [value, ...linesOf(value), ...passwordsOf(value)];
  });
}

/** Of a key in PEM: what a job prints is looked at line by line. The first and the last are no secret. */
const linesOf = (value: string): string[] => {
  const lines = value.trim().split('\n');
  return lines.length === 1 ? [] : lines.filter((line) => !line.startsWith('-----'));
};

/** Of 'api-key=…,other=…', the values alone. */
const headersIn = (value: string): string[] =>
  value.split(',').map((header) => header.slice(header.indexOf('=') + 1).trim());

/** Of '2026b:…,2026a:…' and 'none,2026a:…', the keys alone: an ID may be a date, or any word. */
const keysIn = (value: string): string[] =>
  value
    .split(',')
    .map((entry) => entry.slice(entry.indexOf(':') + 1).trim())
    .filter((key) => key !== 'none');

/**
 * The passwords in a URL, as they are written there and as they are. That before the host may also be
 * the user's name.
 */
export function passwordsOf(url: string): string[] {
  const [, user = '', password = ''] =
    /^[a-z][a-z0-9+.-]*:\/\/([^:/?@]*):([^/?]*)@/i.exec(url) ?? [];
  const inQuery = [...url.matchAll(/[?&](?:ssl)?password=([^&]*)/g)].map(([, text = '']) => text);
  // A name is no secret, and would be missing in many a message.
  const all = password === user ? inQuery : [password, ...inQuery];
  return all.flatMap((text) => [text, decoded(text)]).filter((text) => text !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readJobEnv(env: NodeJS.ProcessEnv): readonly string[] {
  const value = env['LRM_JOB_ENV'] ?? '';
  const problem = jobEnvProblem(value);
  if (problem) throw new UsageError(`wrong settings: LRM_JOB_ENV: ${problem}`);
  return namesIn(value);
}

const namesIn = (value: string): string[] =>
  value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
