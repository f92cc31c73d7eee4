import type { WorkerInterceptors } from '@temporalio/worker';
import type { Log } from '../../activities/log';
import { NO_TRACES, type Traces } from '../../activities/traces/traces';
import type { Settings } from '../../settings/settings';
import { requirePackages } from './packages';

/** What {@link openTraces} opens. */
export interface OpenTraces {
  readonly traces: Traces;
  /**
   * For a worker: a span around each activity. Only these: interceptors of workflows and clients
   * would write into histories, and a run that goes on for weeks has to replay whatever the setting
   * is. Undefined: LRM_TRACES is off.
   */
  readonly interceptors: WorkerInterceptors | undefined;
  /** Sends the last spans. */
  close(): Promise<void>;
}

/**
 * Loads OpenTelemetry if LRM_TRACES is on.
 * @param own true: this process is ours, so OpenTelemetry's SDK is started
 * @throws UsageError when a package is missing
 */
export async function openTraces(
  { LRM_TRACES }: Pick<Settings, 'LRM_TRACES'>,
  log: Log,
  own: boolean,
): Promise<OpenTraces> {
  if (LRM_TRACES === 'off') {
    return { traces: NO_TRACES, interceptors: undefined, close: async () => {} };
  }
  requirePackages('api', 'interceptors', ...(own ? (['sdk'] as const) : []));
  const close = own ? (await import('./ownSdk')).startOwnSdk(log) : async () => {};
  const { openTelemetryTraces } = await import('./openTelemetry');
  const { OpenTelemetryActivityInboundInterceptor: Inbound } = await import(
    '@temporalio/interceptors-opentelemetry'
  );
  return {
    traces: openTelemetryTraces(),
    interceptors: { activity: [(context) => ({ inbound: new Inbound(context) })] },
    close,
  };
}
