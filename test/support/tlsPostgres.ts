import { chownSync, copyFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type Sql } from '../../drizzle/connect';
import type { CertificateFiles, Issuer } from './certificates';
import { startPostgres } from './postgres';
import { waitFor } from './waitFor';

/** A server with TLS, for one test file. */
export interface TlsPostgres {
  /** With a certificate of localhost and 127.0.0.1 at first. */
  readonly port: number;
  readonly password: string;
  /** Its data folder, which also holds its Unix socket. */
  readonly folder: string;
  /** A connection of the superuser. */
  readonly sql: Sql;
  /** From now on, new connections get this certificate. */
  present(certificate: CertificateFiles): Promise<void>;
}

/**
 * Roles by what pg_hba.conf asks of them; the passwords are their names. `tls` and `plain` may log in
 * only with or without TLS, `cert` only with a client certificate.
 */
const ACCESS = `
local     all all                scram-sha-256
hostssl   all cert 127.0.0.1/32  scram-sha-256 clientcert=verify-ca
host      all cert 127.0.0.1/32  reject
hostssl   all tls 127.0.0.1/32   scram-sha-256
hostnossl all plain 127.0.0.1/32 scram-sha-256
host      all postgres 127.0.0.1/32 scram-sha-256`;

/** @param first the certificate that it begins with */
export async function startTlsPostgres(
  issuer: Issuer,
  first: CertificateFiles,
): Promise<TlsPostgres> {
  const { url } = await startPostgres({ unix_socket_directories: '.' });
  const sql = connect(url, { max: 1, applicationName: 'test' });
  const [row] = await sql<{ folder: string }[]>`select current_setting('data_directory') as folder`;
  const folder = row?.folder ?? '';
  const put = (from: string, name: string) => {
    const file = path.join(folder, name);
    copyFileSync(from, file);
    const { uid, gid } = statSync(folder);
    chownSync(file, uid, gid);
  };
  const present = async ({ cert, key }: CertificateFiles) => {
    put(cert, 'server.crt');
    put(key, 'server.key');
    await reload(sql, url);
  };
  for (const role of ['cert', 'tls', 'plain']) {
    await sql.unsafe(`create role ${role} superuser login password '${role}'`);
  }
  put(issuer.cert, 'ca.crt');
  put(first.cert, 'server.crt');
  put(first.key, 'server.key');
  writeFileSync(path.join(folder, 'pg_hba.conf'), ACCESS);
  await sql`alter system set ssl_ca_file = 'ca.crt'`;
  await sql`alter system set ssl = on`;
  await reload(sql, url);
  const { port, password } = new URL(url);
  return { port: Number(port), password, folder, sql, present };
}

/** Waits until new sessions have what was read: a reload takes its time. */
async function reload(sql: Sql, url: string): Promise<void> {
  const [before] = await sql<
    { at: string }[]
  >`select clock_timestamp()::text as at, pg_reload_conf()`;
  await waitFor('the server to read its files again', async () => {
    const fresh = connect(url, { max: 1, applicationName: 'test' });
    try {
      const [row] = await fresh<{ done: boolean }[]>`
        select pg_conf_load_time() > ${before?.at ?? ''}::timestamptz as done`;
      return row?.done || undefined;
    } finally {
      await fresh.end();
    }
  });
}
