import type { LocalEndpoints } from '../../settings/settings';

/** Which servers to run; null for a server that runs elsewhere. */
export interface DevServersRequest {
  /** Absolute path. Data, password and logs of the dev servers are kept there. */
  readonly folder: string;
  /** True: data of earlier starts is dropped first. */
  readonly fresh: boolean;
  /** True: the folder is removed at the end. */
  readonly temporary: boolean;
  readonly postgres: PostgresRequest | null;
  readonly temporal: TemporalRequest | null;
}

export interface PostgresRequest {
  /** Used if free, else any free port. Default: any free port. */
  readonly port?: number;
  /** Server settings, by their names in Postgres. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface TemporalRequest {
  /** Path of the Temporal CLI. */
  readonly cli: string;
  /** Used if free, else any free port. Default: any free port. */
  readonly port?: number;
  /** Port of the Web UI, used if free; null: no Web UI. */
  readonly uiPort: number | null;
  /** False: the data is kept in memory only. */
  readonly persistent: boolean;
  /** Created at the start if they don't exist. 'default' always exists. */
  readonly namespaces: readonly string[];
}

/** Messages to the process of the dev servers. */
export type ToDevServers =
  | { readonly type: 'start'; readonly request: DevServersRequest }
  | { readonly type: 'crashPostgres' }
  | { readonly type: 'stop' };

/** Messages from the process of the dev servers. */
export type FromDevServers =
  | { readonly type: 'ready'; readonly endpoints: Partial<LocalEndpoints> }
  /** Something that the operator should know and that is not an error: a port is taken. */
  | { readonly type: 'note'; readonly text: string }
  /** The servers did not start and the process ends. `wrongUse`: the operator can fix it. */
  | { readonly type: 'failed'; readonly error: string; readonly wrongUse: boolean }
  /** Postgres runs again after the requested crash. */
  | { readonly type: 'recovered' }
  /** A server has ended by itself. */
  | { readonly type: 'ended'; readonly server: 'Postgres' | 'Temporal' };
