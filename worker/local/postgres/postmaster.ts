import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../drizzle/connect';

/** What a Postgres server writes about itself to postmaster.pid in its data folder. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** The server that uses the data folder, or was killed while it did; undefined after a clean stop. */
export function readPostmaster(data: string): Postmaster | undefined {
  const file = pidFile(data);
  if (!existsSync(file)) return undefined;
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n').map(Number);
  return pid && port ? { pid, port } : undefined;
}

export function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Sends a signal to the server and waits for its end. */
export async function endPostmaster(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (isAlive(pid)) process.kill(pid, signal);
  while (isAlive(pid)) await sleep(20);
}

/**
 * Stops a server that is still running after the process that started it has ended. The process ID
 * alone proves nothing: after a reboot another program may have it. So the server is asked for its
 * data folder.
 */
export async function endLeftOver(data: string, password: string): Promise<void> {
  const left = readPostmaster(data);
  if (!left || !isAlive(left.pid)) return; // Postgres itself sees that the file is stale.
  const served = await servedFolder(left.port, password);
  if (served === data) await endPostmaster(left.pid, 'SIGINT');
  // Another program has this process ID now. Postgres would take it for a server and not start.
  else rmSync(pidFile(data));
}

/** The data folder of the server on a port; undefined when our password does not work there. */
async function servedFolder(port: number, password: string): Promise<string | undefined> {
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
  const sql = connect(url, { max: 1, applicationName: 'lrm-start' });
  try {
    const [row] = await sql<{ data_directory: string }[]>`show data_directory`;
    return row?.data_directory;
  } catch (error) {
    // 57P03: the server is starting up or shutting down. Soon it answers, or has ended.
    if ((error as { code?: string }).code !== '57P03') return undefined;
    await sleep(100);
    return await servedFolder(port, password);
  } finally {
    await sql.end();
  }
}

const pidFile = (data: string) => path.join(data, 'postmaster.pid');
