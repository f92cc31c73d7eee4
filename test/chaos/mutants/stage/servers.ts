import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { connect } from '../../../../drizzle/connect';
import { applyMigrations } from '../../../../drizzle/migrator/migrate';
import { startDevServers } from '../../../../worker/local/devServers';
import { findTemporalCli } from '../../../../worker/local/temporal/temporalCli';
import { administer, withDatabase } from '../../../support/template';
import { installLedger } from '../../ledger/ledger';

/** The servers of all plays, which come one after the other. */
export interface StageServers {
  readonly temporalAddress: string;
  /** A database with our tables and the ledger, as superuser. */
  createDatabase(name: string): Promise<string>;
  /** A Temporal client of a new namespace. `close` it at the end. */
  createNamespace(name: string): Promise<Client>;
  /** Crashes Postgres at once and starts it again. */
  crashPostgres(): Promise<void>;
  stop(): Promise<void>;
}

const TEMPLATE = 'template_with_ledger';

/** Starts Postgres and Temporal. */
export async function startStageServers(): Promise<StageServers> {
  const servers = await startDevServers({
    folder: mkdtempSync(path.join(tmpdir(), 'lrm-mutants-')),
    temporary: true,
    fresh: false,
    postgres: {
      settings: {
        // Only the server crashes, not the machine, and commits survive that without fsync.
        fsync: 'off',
        // Commits that do not wait for the disk are lost in a crash for as long as this.
        wal_writer_delay: '10s',
      },
    },
    temporal: {
      cli: await findTemporalCli(process.env, console.error),
      uiPort: null,
      persistent: false,
      namespaces: [],
    },
  });
  const { databaseUrl: server = '', temporalAddress = '' } = servers.endpoints;
  try {
    await administer(server, `create database ${TEMPLATE} template template0`);
    const template = withDatabase(server, TEMPLATE);
    await applyMigrations(template, 'sql');
    await administer(template, 'truncate long_running_migrations.migrations cascade');
    const sql = connect(template, { max: 1, applicationName: 'test support' });
    await installLedger(sql).finally(() => sql.end());
  } catch (error) {
    await servers.stop();
    throw error;
  }
  return {
    temporalAddress,
    createDatabase: async (name) => {
      await administer(server, `create database ${name} template ${TEMPLATE}`);
      return withDatabase(server, name);
    },
    createNamespace: async (namespace) => {
      const connection = await Connection.connect({ address: temporalAddress });
      await connection.workflowService.registerNamespace({
        namespace,
        workflowExecutionRetentionPeriod: msToTs('1 day'),
      });
      return new Client({ connection, namespace });
    },
    crashPostgres: servers.crashPostgres,
    stop: servers.stop,
  };
}
