import type { TelemetryOptions } from '@temporalio/worker';
import type { Log } from '../activities/log';
import { HISTOGRAM_BUCKETS } from '../activities/metrics/instruments';
import type { MetricsTarget } from '../settings/metrics';

/** Temporal's own metrics, too, get base units and the suffixes that Prometheus's rules ask for. */
const AS_PROMETHEUS_DOES = {
  countersTotalSuffix: true,
  unitSuffix: true,
  useSecondsForDurations: true,
} as const;

/** The options of Temporal's runtime for a target. Undefined: nothing is measured. */
export function metricsExporter(
  target: MetricsTarget | undefined,
  log: Log,
): TelemetryOptions['metrics'] | undefined {
  if (target?.kind === 'unusable') log.warn(`metrics are not sent: ${target.why}`);
  if (target?.kind === 'prometheus') {
    return {
      prometheus: {
        bindAddress: target.address,
        histogramBucketOverrides: HISTOGRAM_BUCKETS,
        ...AS_PROMETHEUS_DOES,
      },
    };
  }
  if (target?.kind !== 'otlp') return undefined;
  const { url, http, headers, every, temporality } = target;
  return {
    otel: {
      url,
      http,
      headers,
      metricsExportInterval: every,
      temporality,
      useSecondsForDurations: true,
      histogramBucketOverrides: HISTOGRAM_BUCKETS,
    },
  };
}
