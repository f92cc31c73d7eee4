import type { Database } from '../../drizzle/database';
import type { AttemptProgress } from '../attempt/progress';
import type { Log } from '../log';
import { Collector } from './collector';
import { createInstruments, type Meter } from './instruments';
import { type AttemptMetrics, type Metrics, NO_METRICS } from './metrics';
import { RunningAttempts } from './runningAttempts';

/** The metrics of a worker, by Temporal's runtime. */
export class WorkerMetrics implements Metrics {
  #running: RunningAttempts | undefined;
  #collector: Collector | undefined;
  #started = false;

  /**
   * @param findMeter is called when the runtime is surely installed. Asking earlier would install one
   *   in the place of the application's. Undefined: nothing is exported
   */
  constructor(
    private readonly db: Database,
    private readonly log: Log,
    private readonly findMeter: () => Meter | undefined,
  ) {}

  start(): void {
    if (this.#started) return;
    this.#started = true;
    const meter = this.findMeter();
    if (!meter) return;
    const instruments = createInstruments(meter);
    const collector = new Collector(this.db, this.log, instruments);
    this.#running = new RunningAttempts(instruments, () => collector.soon());
    this.#collector = collector;
    void collector.run();
  }

  begin(migration: string, progress: AttemptProgress): AttemptMetrics {
    return this.#running?.begin(migration, progress) ?? NO_METRICS.begin(migration, progress);
  }

  close(): void {
    this.#started = true;
    this.#collector?.close();
  }
}
