import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect, type Sql } from '../../../drizzle/connect';
import { unprivileged } from '../../../worker/local/postgres/unprivileged';
import { freePort } from '../../support/freePort';
import { waitFor } from '../../support/waitFor';
import type { PostgresSet } from '../chaosSet';
import type { Timeline } from '../timeline/timeline';
import { createApplication, initialise, newPasswords } from './initialise';
import { type PostgresServer, postgresProgram, postgresServer } from './postgresServer';
import { takeBackup, waitForReplica } from './replica';
import { SETTINGS } from './serverSettings';

const execute = promisify(execFile);

/** The servers, and what only the set itself needs of them. */
export interface OwnPostgresSet extends PostgresSet {
  /** As the role of workers and operators. @param address 'host:port'; default: the primary's */
  appUrl(address?: string): string;
  /** Calls it with the 'host:port' of each new primary. */
  onPromotion(called: (address: string) => void): void;
  end(): Promise<void>;
}

/** Starts a primary with a replica. Their data and logs are in `folder`. */
export async function startPostgresSet(
  folder: string,
  timeline: Timeline,
): Promise<OwnPostgresSet> {
  const passwords = newPasswords();
  const promoted: ((address: string) => void)[] = [];
  let count = 0;
  let closing = false;
  const newServer = async (): Promise<PostgresServer> => {
    count++;
    // It has no TLS, whatever PGSSLMODE asks of other servers.
    const url = `postgres://postgres:${passwords.postgres}@127.0.0.1:${await freePort()}/app?sslmode=disable`;
    const log = path.join(folder, `postgres-${count}.log`);
    return postgresServer(path.join(folder, `postgres-${count}`), url, SETTINGS, log);
  };

  let primary = await newServer();
  await initialise(primary.data, passwords);
  await primary.start();
  await createApplication(primary, passwords);
  let sql: Sql = open(primary.url);

  /** A crash of the primary ends a backup, so it is tried again. */
  const makeReplica = async (): Promise<PostgresServer> => {
    for (;;) {
      const server = await newServer();
      try {
        await takeBackup(primary, server.data);
        await server.start();
        await waitForReplica(primary);
        timeline.event('postgres', `a replica streams from port ${primary.port}`);
        return server;
      } catch (error) {
        await server.stop('SIGQUIT');
        rmSync(server.data, { recursive: true, force: true });
        if (closing) throw error;
        timeline.event('postgres', `no replica yet: ${(error as Error).message.split('\n')[0]}`);
        await sleep(1_000);
      }
    }
  };
  const inBackground = (server: Promise<PostgresServer>) => {
    // At the end nobody waits for it.
    server.catch(() => {});
    return server;
  };
  let replica = inBackground(makeReplica());

  return {
    get url() {
      return primary.url;
    },
    get address() {
      return `127.0.0.1:${primary.port}`;
    },
    get data() {
      return primary.data;
    },
    get pid() {
      return primary.pid();
    },
    get sql() {
      return sql;
    },
    appUrl: (address = `127.0.0.1:${primary.port}`) =>
      `postgres://app:${passwords.app}@${address}/app?sslmode=disable`,
    onPromotion: (called) => {
      promoted.push(called);
    },
    crash: async () => {
      await primary.stop('SIGQUIT');
      await primary.start();
    },
    restart: async () => {
      await primary.stop('SIGINT');
      await primary.start();
    },
    promote: async () => {
      const next = await replica;
      await primary.stop('SIGQUIT');
      const old = primary;
      const [command = '', ...args] = unprivileged([postgresProgram('pg_ctl'), 'promote']);
      await execute(command, [...args, '-D', next.data, '-w']);
      primary = next;
      const oldSql = sql;
      sql = open(primary.url);
      await waitFor('the promoted replica to take writes', async () => {
        const [row] = await sql<{ ok: boolean }[]>`select not pg_is_in_recovery() as ok`;
        return row?.ok;
      });
      for (const called of promoted) called(`127.0.0.1:${primary.port}`);
      void oldSql.end({ timeout: 0 }).catch(() => {});
      rmSync(old.data, { recursive: true, force: true });
      replica = inBackground(makeReplica());
    },
    end: async () => {
      closing = true;
      await sql.end({ timeout: 1 }).catch(() => {});
      await primary.stop('SIGQUIT');
      await replica.then(
        (server) => server.stop('SIGQUIT'),
        () => {},
      );
    },
  };
}

const open = (url: string): Sql => connect(url, { max: 4, applicationName: 'chaos' });
