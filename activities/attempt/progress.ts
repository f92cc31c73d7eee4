import type { AttemptRef } from '../../drizzle/rows/fence';
import type { Direction } from '../../drizzle/schema';
import type { Progress } from '../../jobs/context/attempt';
import { durationText } from '../../settings/duration';
import { percent } from '../../settings/percent';
import { plainText } from '../../settings/plainText';

/** What the Web UI shows under 'Pending Activities', besides Temporal's own fields. */
export interface HeartbeatDetails {
  readonly migration: string;
  readonly attempt: number;
  /** Only of an attempt that runs revert(). */
  readonly direction?: 'revert';
  readonly done: number;
  readonly total?: number;
  readonly percent?: number;
  readonly rowsPerSecond?: number;
  /** The time left at this speed: '3 min 20 s'. */
  readonly eta?: string;
  readonly waitingFor?: string;
  /** What somebody who looks at it should know: 'job file changed since attempt 3'. */
  readonly note?: string;
  /** What it does apart from its walks: a step, a DDL statement. */
  readonly step?: string;
  readonly [more: string]: string | number | undefined;
}

/** Speed is measured over this time: long enough to be steady, short enough to show a stall. Milliseconds. */
const SPEED_OVER = 30_000;

/** The progress of an attempt and its speed. */
export class AttemptProgress {
  /** True once the attempt has kept anything: a batch, a checkpoint, a further row. */
  progressed = false;
  waitingFor: string | null = null;
  step: string | null = null;
  private details: Readonly<Record<string, string | number>> = {};
  private readonly samples: { at: number; done: number }[] = [];

  constructor(
    private readonly attempt: AttemptRef & {
      readonly direction?: Direction;
      readonly note?: string | undefined;
    },
    private readonly doneBefore: number,
    private totalRows: number | null,
    /** A clock in milliseconds that never goes back. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.done = doneBefore;
  }

  /** Rows done by all attempts. */
  done: number;

  get total(): number | null {
    return this.totalRows;
  }

  /** Rows done by this attempt. */
  get doneHere(): number {
    return Math.max(0, this.done - this.doneBefore);
  }

  update(progress: Progress): void {
    const done = progress.done === undefined ? null : whole(progress.done);
    if (done !== null) {
      // A job may count from 0 in each attempt. Only rows beyond the earlier attempts are progress.
      if (done > this.doneBefore) this.progressed = true;
      this.done = done;
      this.sample();
    }
    if (progress.total !== undefined) this.totalRows = whole(progress.total);
    if (progress.waitingFor !== undefined) this.waitingFor = text(progress.waitingFor);
    if (progress.step !== undefined) this.step = text(progress.step);
    if (progress.details) this.details = plain(progress.details);
  }

  heartbeat(): HeartbeatDetails {
    const speed = this.rowsPerSecond();
    const share = percent(this.done, this.totalRows, 1);
    const left = this.totalRows === null ? undefined : this.totalRows - this.done;
    return {
      migration: this.attempt.migration,
      attempt: this.attempt.number,
      ...(this.attempt.direction === 'revert' ? { direction: 'revert' } : {}),
      done: this.done,
      ...(this.totalRows === null ? {} : { total: this.totalRows }),
      ...(share === null ? {} : { percent: share }),
      ...(speed === undefined ? {} : { rowsPerSecond: Math.round(speed) }),
      ...(speed && left && left > 0 ? { eta: durationText(Math.ceil(left / speed) * 1000) } : {}),
      ...(this.step ? { step: this.step } : {}),
      ...(this.waitingFor ? { waitingFor: this.waitingFor } : {}),
      ...(this.attempt.note ? { note: this.attempt.note } : {}),
      ...this.details,
    };
  }

  private rowsPerSecond(): number | undefined {
    const first = this.samples[0];
    if (!first) return undefined;
    const seconds = (this.now() - first.at) / 1000;
    return seconds > 0 ? Math.max(0, this.done - first.done) / seconds : undefined;
  }

  private sample(): void {
    const now = this.now();
    this.samples.push({ at: now, done: this.done });
    // One sample outside the window is kept: the speed is measured from there.
    while ((this.samples[1]?.at ?? now) < now - SPEED_OVER) this.samples.shift();
  }
}

/** An impossible count would make every write of the attempt's rows fail. */
function whole(count: unknown): number | null {
  const rounded = typeof count === 'number' ? Math.max(0, Math.round(count)) : Number.NaN;
  return Number.isSafeInteger(rounded) ? rounded : null;
}

/** A line in a table has room for this. A job may send any length. Characters. */
const TEXT_AT_MOST = 200;

function text(reason: unknown): string | null {
  if (reason === null || reason === '') return null;
  if (typeof reason !== 'string') return 'a reason that is not text';
  return plainText(reason.slice(0, 4 * TEXT_AT_MOST)).slice(0, TEXT_AT_MOST) || null;
}

/** Cut and without control characters, for the Web UI. */
function plain(details: NonNullable<Progress['details']>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => [
      key,
      typeof value === 'string' ? plainText(value).slice(0, TEXT_AT_MOST) : value,
    ]),
  );
}
