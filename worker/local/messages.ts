import type { LocalEndpoints } from '../../settings/settings';

/** What the dev servers' process is to run; null: that part is elsewhere. */
export interface DevServersRequest {
  /** Absolute; data, password and logs of the dev servers live there. */
  readonly folder: string;
  /** True: what is there from earlier starts is dropped first. */
  readonly fresh: boolean;
  /** True: the folder is removed at the end. */
  readonly temporary: boolean;
  readonly postgres: PostgresRequest | null;
  readonly temporal: TemporalRequest | null;
}

export interface PostgresRequest {
  /** Taken if free; default: any free one. */
  readonly port?: number;
  /** Server settings, by Postgres's names. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface TemporalRequest {
  /** Path of the Temporal CLI. */
  readonly cli: string;
  /** Taken if free; default: any free one. */
  readonly port?: number;
  /** Of the Web UI, taken if free; null: no Web UI. */
  readonly uiPort: number | null;
  /** False: in memory only. */
  readonly persistent: boolean;
  /** Created at the start where they don't exist, besides 'default'. */
  readonly namespaces: readonly string[];
}

/** To the dev servers' process. */
export type ToDevServers =
  | { readonly type: 'start'; readonly request: DevServersRequest }
  | { readonly type: 'crashPostgres' }
  | { readonly type: 'stop' };

/** From the dev servers' process. */
export type FromDevServers =
  | { readonly type: 'ready'; readonly endpoints: Partial<LocalEndpoints> }
  /** Something an operator should know, not wrong: a port was taken. */
  | { readonly type: 'note'; readonly text: string }
  /** Not started; the process ends. `wrongUse`: the operator can put it right. */
  | { readonly type: 'failed'; readonly error: string; readonly wrongUse: boolean }
  /** The Postgres that was crashed on request is up again. */
  | { readonly type: 'recovered' }
  /** A part has ended by itself. */
  | { readonly type: 'ended'; readonly part: 'Postgres' | 'Temporal' };
