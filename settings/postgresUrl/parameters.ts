/** One of libpq's connection parameters. */
export interface Parameter {
  /** The environment variable that gives it where the URL does not. */
  readonly variable?: string;
  /** The values that it may have. */
  readonly values?: readonly string[];
  /** Values that ask for a safety that the driver can't give, and what to do instead. */
  readonly refused?: readonly [refused: (value: string) => boolean, instead: string];
}

export const SSL_MODES = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;
export type SslMode = (typeof SSL_MODES)[number];

export const SESSION_ATTRIBUTES = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;
export type SessionAttributes = (typeof SESSION_ATTRIBUTES)[number];

export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

const isAny = (value: string) => value !== '';
const isRequire = (value: string) => value === 'require';

/**
 * The parameters that we know, by libpq's names. What asks for more safety than the driver has is
 * refused rather than ignored. Those without a rule and a reader change nothing here: see
 * docs/connections.md.
 */
export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT' },
  dbname: { variable: 'PGDATABASE' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  passfile: { variable: 'PGPASSFILE' },
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT' },
  options: { variable: 'PGOPTIONS' },
  keepalives: { values: ['0', '1'] },
  keepalives_idle: {},
  target_session_attrs: { variable: 'PGTARGETSESSIONATTRS', values: SESSION_ATTRIBUTES },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', values: ['disable', 'random'] },

  sslmode: { variable: 'PGSSLMODE', values: SSL_MODES },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', values: ['postgres', 'direct'] },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslpassword: {},
  sslcrl: { variable: 'PGSSLCRL' },
  sslsni: { variable: 'PGSSLSNI', values: ['0', '1'] },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION', values: TLS_VERSIONS },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION', values: TLS_VERSIONS },

  // They ask for a safety that we could not give.
  channel_binding: {
    variable: 'PGCHANNELBINDING',
    values: ['disable', 'prefer', 'require'],
    refused: [isRequire, 'leave it out, and write sslmode=verify-full instead'],
  },
  gssencmode: {
    variable: 'PGGSSENCMODE',
    values: ['disable', 'prefer', 'require'],
    refused: [isRequire, 'use TLS: sslmode=verify-full'],
  },
  sslcertmode: {
    variable: 'PGSSLCERTMODE',
    values: ['disable', 'allow', 'require'],
    refused: [isRequire, 'leave it out, and let pg_hba.conf ask for the certificate'],
  },
  require_auth: {
    variable: 'PGREQUIREAUTH',
    refused: [isAny, 'leave it out, and write sslmode=verify-full instead'],
  },
  requirepeer: { variable: 'PGREQUIREPEER', refused: [isAny, 'leave it out'] },
  sslcrldir: { variable: 'PGSSLCRLDIR', refused: [isAny, 'name one file as sslcrl'] },
  service: {
    variable: 'PGSERVICE',
    refused: [isAny, 'write what that service holds into the URL'],
  },

  // Sessions are found by names of our own; text is always UTF-8.
  application_name: {},
  fallback_application_name: {},
  client_encoding: {},
  // Node can't set them, or TLS has none of it any more.
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  sslcompression: {},
};

/** What is wrong with a value; undefined when nothing is. It quotes only what one of a list could be. */
export function valueProblem(name: string, value: string): string | undefined {
  const { values, refused } = PARAMETERS[name] ?? {};
  if (values && !values.includes(value)) {
    const quoted = /^[A-Za-z0-9_.-]{1,30}$/.test(value) ? `'${value}' is` : 'it is';
    return `${quoted} not one of ${values.join(', ')}`;
  }
  return refused?.[0](value) ? `not supported; ${refused[1]}` : undefined;
}
