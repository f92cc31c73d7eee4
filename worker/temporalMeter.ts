import { noopMetricMeter } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import type { Meter } from '../activities/metrics/instruments';

/**
 * The meter of Temporal's runtime. Undefined: it exports nothing.
 *
 * Only when the runtime is there: otherwise this would make one, and the application's own
 * Runtime.install() would throw.
 */
export function temporalMeter(): Meter | undefined {
  const { metricMeter: meter, options } = Runtime.instance();
  if (meter === noopMetricMeter) return undefined;
  const exporter = options.runtimeOptions.metricsExporter;
  return { meter, addsTotal: exporter?.type === 'prometheus' && exporter.countersTotalSuffix };
}
