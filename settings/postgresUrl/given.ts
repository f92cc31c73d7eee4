import { closest } from 'fastest-levenshtein';
import { UsageError } from '../usageError';
import { PARAMETERS, valueProblem } from './parameters';
import { parseUrl } from './parseUrl';

/** A connection parameter and where it stands: "sslmode of DATABASE_URL" or 'PGSSLMODE'. */
export interface Given {
  readonly value: string;
  readonly source: string;
}

/** Connection parameters by libpq's names. */
export type Parameters = ReadonlyMap<string, Given>;

/**
 * What a URL and the environment say together: as in libpq, the variables `PG*` fill what the URL
 * does not say.
 * @param setting the setting that holds the URL, for messages
 * @throws UsageError for a URL that can't be read, parameters that libpq does not have, and what the
 *   driver can't do
 */
export function givenParameters(
  url: string,
  setting: string,
  env: NodeJS.ProcessEnv,
): Map<string, Given> {
  const given = new Map<string, Given>();
  for (const [name, value] of parseUrl(url, setting)) {
    // libpq takes it, too, for URLs of JDBC.
    if (name === 'ssl' && value === 'true') {
      given.set('sslmode', { value: 'require', source: `ssl of ${setting}` });
      continue;
    }
    if (!Object.hasOwn(PARAMETERS, name)) throw new UsageError(`${setting}: ${unknown(name)}`);
    given.set(name, { value, source: `${name} of ${setting}` });
  }
  for (const [name, value, source] of fromEnvironment(env)) {
    if (!given.has(name)) given.set(name, { value, source });
  }
  for (const [name, { value, source }] of given) {
    const problem = valueProblem(name, value);
    if (problem) throw new UsageError(`${source}: ${problem}`);
  }
  return given;
}

/**
 * The URL with what the environment adds to it, so that it means the same where that environment is
 * not: in a job process, which may get fewer variables.
 * @throws UsageError as {@link givenParameters}
 */
export function completeUrl(url: string, setting: string, env: NodeJS.ProcessEnv): string {
  const inUrl = givenParameters(url, setting, {});
  const added = [...givenParameters(url, setting, env)].filter(([name]) => !inUrl.has(name));
  const query = added.map(([name, { value }]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

function* fromEnvironment(env: NodeJS.ProcessEnv): Generator<[string, string, string]> {
  for (const [name, { variable }] of Object.entries(PARAMETERS)) {
    const value = variable && env[variable];
    if (value) yield [name, value, variable];
  }
  // libpq still reads the older variable where the newer one is not set.
  if (env['PGREQUIRESSL'] === '1' && !env['PGSSLMODE'])
    yield ['sslmode', 'require', 'PGREQUIRESSL'];
}

/** Applications often share one URL with it. */
const OF_PRISMA = [
  'schema',
  'connection_limit',
  'pool_timeout',
  'socket_timeout',
  'statement_cache_size',
  'pgbouncer',
  'sslaccept',
  'sslidentity',
];

function unknown(name: string): string {
  // Anything else may be part of a password that is not percent-encoded.
  if (!/^[a-z_.]{2,40}$/i.test(name)) return 'what follows a ? is no connection parameter';
  if (OF_PRISMA.includes(name)) {
    return `'${name}' is a parameter of Prisma's, not of Postgres: give lrm a URL without it`;
  }
  const like = closest(name, Object.keys(PARAMETERS));
  return (
    `'${name}' is not a connection parameter; did you mean ${like}? ` +
    `(A setting of the server is written options=-c%20${name}%3D…)`
  );
}
