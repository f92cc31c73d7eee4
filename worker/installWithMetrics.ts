import type { Log } from '../activities/log';
import { plainText } from '../settings/plainText';
import type { Settings } from '../settings/settings';
import { metricsExporter } from './metricsExporter';
import { installRuntime } from './runtime';
import { temporalLogger } from './temporalLogger';
import { CanNotStart } from './waitFor';

/**
 * Installs Temporal's Runtime with the exporter that the settings ask for.
 * @throws CanNotStart when another process listens at LRM_METRICS_ADDRESS
 */
export function installWithMetrics({ metrics }: Settings, log: Log): void {
  const exporter = metricsExporter(metrics, log);
  try {
    installRuntime({ logger: temporalLogger(log), ...(exporter && { metrics: exporter }) });
  } catch (error) {
    // It has opened nothing else yet.
    if (metrics?.kind !== 'prometheus') throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CanNotStart(
      `LRM_METRICS_ADDRESS: metrics can't be shown at ${metrics.address}: ${plainText(why)}; each worker on a machine needs an address of its own`,
    );
  }
}
