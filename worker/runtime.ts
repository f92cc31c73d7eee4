import { type Logger, Runtime, type TelemetryOptions } from '@temporalio/worker';

/** What a worker in a process of its own gives to Temporal's runtime. */
export interface RuntimeParts {
  /** Gets the lines of the SDK, of its Rust code too. */
  readonly logger: Logger;
  /** Where metrics go. Left out: nowhere. */
  readonly metrics?: TelemetryOptions['metrics'];
}

/**
 * Installs Temporal's Runtime. Only a worker in a process of its own does: inside an application it
 * belongs to the application, and a second one throws.
 */
export function installRuntime({ logger, metrics }: RuntimeParts): Runtime {
  return Runtime.install({
    logger,
    telemetryOptions: {
      // Not forwarded, the Rust code would write coloured text between our JSON lines.
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      ...(metrics && { metrics }),
    },
  });
}
