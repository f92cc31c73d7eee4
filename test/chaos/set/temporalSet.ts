import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { endsWithParent } from '../../../worker/local/postgres/unprivileged';
import { findTemporalCli } from '../../../worker/local/temporal/temporalCli';
import { answers } from '../../../worker/local/temporal/temporalServer';
import { freePort } from '../../support/freePort';
import { waitFor } from '../../support/waitFor';
import type { TemporalSet } from '../chaosSet';

/** The server, and what only the set itself needs of it. */
export interface OwnTemporalSet extends TemporalSet {
  end(): Promise<void>;
}

/**
 * Starts a dev server that stores its state in a file in `folder`, so that it survives a kill.
 * @param afterReplacing called when an empty one has taken its place: creates the schedule
 */
export async function startTemporalSet(
  folder: string,
  afterReplacing: () => Promise<void>,
): Promise<OwnTemporalSet> {
  const cli = await findTemporalCli(process.env, console.log);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  let generation = 1;
  let child: ChildProcess | undefined;
  const file = () => path.join(folder, `temporal-${generation}.db`);
  const isRunning = () => child !== undefined && child.exitCode === null && !child.signalCode;

  const start = async () => {
    if (isRunning()) return;
    const flags = ['--ip', '127.0.0.1', '--port', String(port), '--headless'];
    const program = [cli, 'server', 'start-dev', ...flags, '--log-level', 'error'];
    const [command = cli, ...args] = endsWithParent([...program, '--db-filename', file()]);
    const log = openSync(path.join(folder, 'temporal.log'), 'a');
    child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    await waitFor(
      'Temporal to answer',
      () => {
        if (!isRunning()) throw new Error(`Temporal did not start: ${folder}/temporal.log`);
        return answers(address);
      },
      START_WITHIN,
    );
  };
  const kill = async () => {
    if (!child || !isRunning()) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };

  await start();
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  return {
    address,
    client,
    get pid() {
      if (!isRunning() || child?.pid === undefined) throw new Error('Temporal does not run');
      return child.pid;
    },
    kill,
    start,
    replaceByEmpty: async () => {
      await kill();
      rmSync(file(), { force: true });
      generation++;
      await start();
      await afterReplacing();
    },
    end: async () => {
      await connection.close().catch(() => {});
      await kill();
    },
  };
}

/** Milliseconds. */
const START_WITHIN = 60_000;
