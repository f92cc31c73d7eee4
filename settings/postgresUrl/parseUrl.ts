import { UsageError } from '../usageError';

/** Who and where; the database; the parameters. */
const URL_PARTS = /^postgres(?:ql)?:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;

/**
 * Reads a Postgres URL as libpq does: `postgres://user:password@host:port,host:port/database?name=value`.
 * Node's URL, and pg-connection-string on it, refuse several hosts with ports.
 * @returns what stands in it by libpq's names: host, port, user, password, dbname, sslmode …
 * @throws UsageError, which quotes nothing: in a URL that can't be read, anything may be the password
 */
export function parseUrl(url: string, setting: string): Map<string, string> {
  const [, authority, path, query] = URL_PARTS.exec(url) ?? [];
  if (authority === undefined) throw new UsageError(`${setting}: not a Postgres URL`);
  const decode = (text: string) => decoded(text, setting);
  const given = new Map<string, string>();
  const add = (name: string, value: string | undefined) => {
    if (value) given.set(name, decode(value));
  };
  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const login = authority.slice(0, at);
    const colon = login.indexOf(':');
    add('user', colon < 0 ? login : login.slice(0, colon));
    if (colon >= 0) add('password', login.slice(colon + 1));
  }
  const hosts = authority.slice(at + 1);
  if (hosts !== '') addHosts(given, hosts.split(','), decode, setting);
  add('dbname', path);
  for (const pair of (query ?? '').split('&').filter(Boolean)) {
    const equals = pair.indexOf('=');
    if (equals < 0) throw new UsageError(`${setting}: after '?', write each as name=value`);
    given.set(decode(pair.slice(0, equals)), decode(pair.slice(equals + 1)));
  }
  return given;
}

function addHosts(
  given: Map<string, string>,
  hosts: readonly string[],
  decode: (text: string) => string,
  setting: string,
): void {
  const read = hosts.map((host) => /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]*))?$/.exec(host));
  if (read.some((each) => each === null)) {
    throw new UsageError(
      `${setting}: can't be read as a URL: a port is no number, or special characters in the password are not percent-encoded`,
    );
  }
  given.set('host', read.map((each) => decode(each?.[1] ?? each?.[2] ?? '')).join(','));
  // Empty where a host has none, so that the default is used.
  const ports = read.map((each) => each?.[3] ?? '');
  if (ports.some(Boolean)) given.set('port', ports.join(','));
}

/** Unlike in a form, a '+' is no space. */
function decoded(text: string, setting: string): string {
  try {
    const plain = decodeURIComponent(text);
    if (!plain.includes('\0')) return plain;
  } catch {
    // Not valid: the same message.
  }
  throw new UsageError(
    `${setting}: can't be read as a URL: special characters in the password must be percent-encoded`,
  );
}
