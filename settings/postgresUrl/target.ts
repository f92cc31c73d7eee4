import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UsageError } from '../usageError';
import { type Given, givenParameters, type Parameters } from './given';
import { type Host, hostsOf, isUnixSocket } from './hosts';
import type { SessionAttributes, SslMode, TlsVersion } from './parameters';

export { type Host, isUnixSocket } from './hosts';

/** Where to connect, as whom and how safely: all that a URL and the environment say. */
export interface Target {
  /** In the order in which they are tried. */
  readonly hosts: readonly Host[];
  /** True: in another order each time. */
  readonly shuffled: boolean;
  readonly attributes: SessionAttributes;
  readonly user: string;
  /** Undefined: it stands in the password file, or there is none. */
  readonly password: string | undefined;
  readonly passwordFile: string;
  readonly database: string;
  /** Options for the server's command line: '-c search_path=app'. */
  readonly options: string | undefined;
  /** For each address. Seconds; 0: no limit. */
  readonly connectTimeout: number;
  /** How long a connection may be idle before the system looks whether it is alive. Seconds; 0: never. */
  readonly keepAlive: number;
  readonly tls: Tls;
  /** The setting that holds the URL, for messages. */
  readonly setting: string;
}

/** How a connection is encrypted, and who the server has to be. Files are read for each connection. */
export interface Tls {
  readonly mode: SslMode;
  /** True: without asking the server first, which is Postgres 17 or later. */
  readonly direct: boolean;
  /** Certificates of those whom to trust: a file, or 'system'. */
  readonly rootCert: string;
  readonly cert: string;
  readonly key: string;
  readonly keyPassword: string | undefined;
  readonly crl: string;
  /** Those of the files that were asked for by name, so that they have to be there. */
  readonly required: ReadonlySet<'rootCert' | 'cert' | 'key' | 'crl'>;
  readonly sendsCert: boolean;
  readonly sni: boolean;
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
}

/** The driver's own 30 seconds are longer than a readiness check waits for its answer. */
const CONNECT_TIMEOUT = 10;
/** libpq leaves it to the system, which on Linux waits for two hours. */
const KEEP_ALIVE = 60;

/**
 * Reads a URL and the environment as libpq does.
 * @param setting the setting that holds the URL, for messages
 * @throws UsageError
 */
export function readTarget(url: string, setting: string, env: NodeJS.ProcessEnv): Target {
  const given = givenParameters(url, setting, env);
  const text = (name: string) => given.get(name)?.value || undefined;
  const user = text('user') ?? systemUser();
  return {
    hosts: hostsOf(given),
    shuffled: text('load_balance_hosts') === 'random',
    attributes: (text('target_session_attrs') ?? 'any') as SessionAttributes,
    user,
    password: text('password'),
    passwordFile: text('passfile') ?? path.join(os.homedir(), '.pgpass'),
    database: text('dbname') ?? user,
    options: text('options'),
    connectTimeout: Math.max(0, integer(given.get('connect_timeout'), CONNECT_TIMEOUT)),
    keepAlive:
      text('keepalives') === '0' ? 0 : integer(given.get('keepalives_idle'), 0) || KEEP_ALIVE,
    tls: readTls(given),
    setting,
  };
}

/**
 * Why the files that a URL and the environment name can't be used; undefined when they are there.
 * Only for a start: later, a file may be missing for a moment while it is replaced.
 */
export function missingFile({ tls, hosts }: Target): string | undefined {
  if (tls.mode === 'disable' || hosts.every(isUnixSocket)) return undefined;
  const missing = [...tls.required].find(
    (name) => tls[name] !== 'system' && !existsSync(tls[name]),
  );
  return missing && `there is no file ${tls[missing]} (ssl${missing.toLowerCase()})`;
}

function readTls(given: Parameters): Tls {
  const text = (name: string) => given.get(name)?.value || undefined;
  const file = (name: string, standard: string) =>
    text(name) ?? path.join(os.homedir(), '.postgresql', standard);
  const rootCert = file('sslrootcert', 'root.crt');
  const mode = text('sslmode') ?? (rootCert === 'system' ? 'verify-full' : 'prefer');
  if (rootCert === 'system' && mode !== 'verify-full') {
    throw new UsageError(
      `${source(given, 'sslmode')}: ${mode} can't be used with sslrootcert=system: anybody can get such a certificate; write sslmode=verify-full`,
    );
  }
  const direct = text('sslnegotiation') === 'direct';
  if (direct && ['disable', 'allow', 'prefer'].includes(mode)) {
    throw new UsageError(
      `${source(given, 'sslnegotiation')}: direct needs sslmode=require, verify-ca or verify-full`,
    );
  }
  const named = { rootCert: 'sslrootcert', cert: 'sslcert', key: 'sslkey', crl: 'sslcrl' } as const;
  const names = Object.keys(named) as (keyof typeof named)[];
  return {
    mode: mode as SslMode,
    direct,
    rootCert,
    cert: file('sslcert', 'postgresql.crt'),
    key: file('sslkey', 'postgresql.key'),
    keyPassword: text('sslpassword'),
    crl: file('sslcrl', 'root.crl'),
    required: new Set(names.filter((name) => text(named[name]) !== undefined)),
    sendsCert: text('sslcertmode') !== 'disable',
    sni: text('sslsni') !== '0',
    minVersion: text('ssl_min_protocol_version') as TlsVersion | undefined,
    maxVersion: text('ssl_max_protocol_version') as TlsVersion | undefined,
  };
}

const source = (given: Parameters, name: string): string => given.get(name)?.source ?? name;

function integer(given: Given | undefined, standard: number): number {
  if (!given) return standard;
  if (/^-?[0-9]{1,6}$/.test(given.value)) return Number(given.value);
  throw new UsageError(`${given.source}: not a whole number of seconds`);
}

function systemUser(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container may run as a user that /etc/passwd does not have.
    throw new UsageError('no user for Postgres: write it into the URL, or set PGUSER');
  }
}
