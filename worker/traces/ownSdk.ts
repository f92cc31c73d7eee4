import { type DiagLogFunction, DiagLogLevel, diag } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Log } from '../../activities/log';
import { plainText } from '../../settings/plainText';
import { within } from '../../settings/within';

/** A collector that is away must not hold up the end of the worker. Milliseconds. */
const SENT_WITHIN = 2_000;
/** Its troubles are logged so often at most. Milliseconds. */
const LOGGED_EVERY = 60_000;
/** Characters. */
const TEXT_AT_MOST = 300;

/**
 * Starts OpenTelemetry's SDK for traces, as the standard variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`,
 * `OTEL_TRACES_SAMPLER` …). Inside an application it belongs to the application.
 * @returns what sends the last spans, and ends it
 */
export function startOwnSdk(log: Log): () => Promise<void> {
  // By default it would send metrics and logs, too. Metrics go by Temporal's runtime.
  const sdk = new NodeSDK({
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
    ...(process.env['OTEL_SERVICE_NAME'] ? {} : { serviceName: 'long-running-migrations' }),
  });
  sdk.start();
  logTroubles(log);
  return async () => {
    // What could not be sent was logged.
    await within(
      SENT_WITHIN,
      sdk.shutdown().catch(() => {}),
    );
  };
}

/** Writes the SDK's own errors to our log. They are about sending, and hold no spans. */
function logTroubles(log: Log): void {
  let last = Number.NEGATIVE_INFINITY;
  const write: DiagLogFunction = (message) => {
    if (performance.now() - last < LOGGED_EVERY) return;
    last = performance.now();
    const text = plainText(textOf(message)).slice(0, TEXT_AT_MOST);
    log.warn({ from: 'opentelemetry' }, `traces may be lost: ${text}`);
  };
  const nothing = () => {};
  const logger = { error: write, warn: write, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** The SDK writes an error as JSON, its stack first. */
function textOf(message: string): string {
  try {
    const error = JSON.parse(message) as { readonly message?: unknown } | null;
    return typeof error?.message === 'string' ? error.message : message;
  } catch {
    return message;
  }
}
