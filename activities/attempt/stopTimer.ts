import type { ActivityCancellationDetails as CancellationDetails } from '@temporalio/common';
import type { StopReason } from '../../jobs/process/messages';
import type { TemporalSide } from './temporalAttempt';

/** Asks an attempt to stop, for the first reason there is, and then waits for the grace period. */
export class StopTimer {
  /** Why the attempt was asked to stop. */
  reason: StopReason | undefined;
  /** Settled when the grace period is over. */
  readonly graceOver: Promise<undefined>;
  private endGrace: () => void = () => {};
  private graceTimer: NodeJS.Timeout | undefined;
  private limitTimer: NodeJS.Timeout | undefined;
  private stopListening: () => void = () => {};

  /** @param onAsked Called once, with the first reason. */
  constructor(
    private readonly grace: number,
    private readonly onAsked: (reason: StopReason) => void,
  ) {
    this.graceOver = new Promise((resolve) => {
      this.endGrace = () => resolve(undefined);
    });
  }

  ask(reason: StopReason): void {
    if (this.reason) return;
    this.reason = reason;
    this.onAsked(reason);
    // A superseded attempt cannot commit any more. After a lost one, Temporal may start the next
    // attempt at any moment.
    const hopeless = reason === 'superseded' || reason === 'lost by Temporal';
    this.graceTimer = setTimeout(this.endGrace, hopeless ? 0 : this.grace);
  }

  /** Asks when the time limit is reached. */
  askAfter(milliseconds: number): void {
    this.limitTimer = setTimeout(() => this.ask('time limit'), Math.max(0, milliseconds));
  }

  /** Asks when Temporal wants the attempt to stop. */
  askOnAbort({ signal, cancellation }: Pick<TemporalSide, 'signal' | 'cancellation'>): void {
    const onAbort = () => this.ask(reasonOf(cancellation()));
    signal.addEventListener('abort', onAbort, { once: true });
    this.stopListening = () => signal.removeEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  }

  dispose(): void {
    clearTimeout(this.limitTimer);
    clearTimeout(this.graceTimer);
    this.stopListening();
  }
}

function reasonOf(details: CancellationDetails | undefined): StopReason {
  if (details?.cancelRequested) return 'run cancelled';
  if (details?.paused) return 'paused in Temporal';
  if (details?.reset) return 'reset in Temporal';
  if (details?.workerShutdown) return 'worker shutdown';
  // It timed out, or Temporal does not know it.
  return 'lost by Temporal';
}
