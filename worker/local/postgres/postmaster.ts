import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../drizzle/connect';

/** What a Postgres server writes of itself into its data folder. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** The server that runs, or ran when it was killed, on the data folder; undefined: stopped cleanly. */
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

/** Sends a signal to the server and waits until it is gone. */
export async function endPostmaster(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (isAlive(pid)) process.kill(pid, signal);
  while (isAlive(pid)) await sleep(20);
}

/**
 * Stops a server that outlived the process that started it. Its number alone proves nothing: after
 * a reboot it may be another program's. So it is asked which data it serves.
 */
export async function endLeftOver(data: string, password: string): Promise<void> {
  const left = readPostmaster(data);
  if (!left || !isAlive(left.pid)) return; // Postgres sees for itself that the file is stale.
  const served = await servedFolder(left.port, password);
  if (served === data) await endPostmaster(left.pid, 'SIGINT');
  // Another program has the number now; Postgres would take it for a server and refuse to start.
  else rmSync(pidFile(data));
}

/** The data folder of the server at a port; undefined where there is none of ours. */
async function servedFolder(port: number, password: string): Promise<string | undefined> {
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const sql = connect(url, { max: 1, applicationName: 'lrm-start' });
  try {
    const [row] = await sql<{ data_directory: string }[]>`show data_directory`;
    return row?.data_directory;
  } catch (error) {
    // 57P03: starting up or shutting down. A moment later it answers, or is gone.
    if ((error as { code?: string }).code !== '57P03') return undefined;
    await sleep(100);
    return await servedFolder(port, password);
  } finally {
    await sql.end();
  }
}

const pidFile = (data: string) => path.join(data, 'postmaster.pid');
