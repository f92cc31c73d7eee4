import { jobOf } from '../../settings/migrationName';
import type { AttemptProgress } from '../attempt/progress';
import { AttemptMeter } from './attemptMeter';
import { type Instruments, NOTHING } from './instruments';

/** Gauges show what is now. Prometheus looks every few seconds. Milliseconds. */
const LOOK_EVERY = 1_000;

/**
 * The attempts that run on this worker. The label `migration` is the name of the job's file, without a
 * target: one file may be registered for thousands. Attempts of one file add up.
 */
export class RunningAttempts {
  readonly #meters = new Set<AttemptMeter>();
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange is called when an attempt has begun or ended */
  constructor(
    private readonly instruments: Instruments,
    private readonly onChange: () => void,
  ) {}

  begin(name: string, progress: AttemptProgress): AttemptMeter {
    const meter = new AttemptMeter({
      instruments: this.instruments,
      migration: jobOf(name),
      progress,
      onClose: (closed) => this.#remove(closed),
    });
    this.#meters.add(meter);
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY).unref();
    this.#show(meter.migration);
    this.onChange();
    return meter;
  }

  #remove(meter: AttemptMeter): void {
    this.#meters.delete(meter);
    // Another worker may have the migration next: what this one has said of it must not stay.
    this.#show(meter.migration);
    this.onChange();
    if (this.#meters.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const meter of this.#meters) meter.look();
    for (const migration of new Set([...this.#meters].map((each) => each.migration))) {
      this.#show(migration);
    }
  }

  #show(migration: string): void {
    const { running, lanes, batchTarget, slowdown } = this.instruments;
    const meters = [...this.#meters].filter((each) => each.migration === migration);
    const paces = meters.flatMap(({ pace }) => (pace ? [pace] : []));
    const slowdowns = paces.flatMap((pace) => (pace.slowdown === null ? [] : [pace.slowdown]));
    running.set(meters.length, { migration });
    lanes.set(
      paces.reduce((sum, pace) => sum + pace.lanes, 0),
      { migration },
    );
    batchTarget.set(most(paces.map(({ batchSeconds }) => batchSeconds)), { migration });
    slowdown.set(most(slowdowns), { migration });
  }
}

const most = (values: readonly number[]): number =>
  values.length > 0 ? Math.max(...values) : NOTHING;
