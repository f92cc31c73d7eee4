import type { Attempt } from '../attempt';
import { sleep } from '../walk/sleep';
import { guessLanes } from './guessLanes';
import { next, paused } from './law/law';
import { beginning, type LawState } from './law/lawState';
import { lanesText, type Pace, paceText } from './law/pace';
import { boundsOf, divide, type Member } from './members';
import { applicationText, bugText } from './paceTexts';
import { RowRate } from './rowRate';
import type { SignalSource } from './signals';
import { Turns } from './turns';

/** Milliseconds between two decisions. */
const EVERY = 200;
/** Of a pause, this is not measured: what was just written is still on its way to the disk. */
const SETTLING = 500;
const MEASURED = 500;
/** A batch that takes longer than this is not waited for. */
const BATCH_ENDS_WITHIN = 500;
/** For so long after the walk before, what it has found out still holds. */
const HOLDS_FOR = 5_000;
/** The signals are ended by then, or with their session. */
const ENDS_WITHIN = 1_000;

type Of = Pick<Attempt, 'db' | 'log'>;

/** Holds the pace of all walks of an attempt in one database: the control law at work. */
export class PaceLoop {
  readonly turns = new Turns();
  readonly #rate = new RowRate();
  readonly #members: Member[] = [];
  #shares = new Map<Member, number>();
  #guess = 1;
  #state: LawState | undefined;
  #endedAt = Number.NEGATIVE_INFINITY;
  #running: { readonly ended: AbortController; readonly work: Promise<unknown> } | undefined;

  constructor(
    private readonly attempt: Of,
    private readonly source: SignalSource,
  ) {}

  /** Does a walk at this pace. */
  async during<T>(member: Member, walk: () => Promise<T>): Promise<T> {
    this.#members.push(member);
    this.#divide();
    this.#running ??= this.#start();
    try {
      return await walk();
    } finally {
      this.#members.splice(this.#members.indexOf(member), 1);
      if (this.#members.length > 0) this.#divide();
      else await this.#end();
    }
  }

  /** How many lanes of the walk may work now. */
  lanesOf(member: Member): number {
    return this.#shares.get(member) ?? 1;
  }

  get pace(): Pace {
    return this.#now.pace;
  }

  /** What operators see: '1 lane at 30 %, 50 ms batches, application 1.1 ×'. */
  get text(): string {
    const { pace, alone, smooth } = this.#now;
    return `${paceText(pace)}, ${applicationText(alone, smooth)}`;
  }

  /** The factor that the application is slowed down by. Undefined: not known, or nobody is there. */
  get slowdown(): number | undefined {
    return this.#now.smooth;
  }

  /** To be called for each transaction of ours that has ended. */
  ended(databaseMs: number): void {
    if (this.#running) this.source.ourCommit(databaseMs);
  }

  /** To be called for each batch that has committed. */
  did(rows: number, from: number, to: number): void {
    this.#rate.add(rows, from, to);
  }

  get #now(): LawState {
    this.#state ??= beginning(this.#bounds, performance.now());
    return this.#state;
  }

  get #bounds() {
    return boundsOf(this.#members, this.#guess);
  }

  #start() {
    const ended = new AbortController();
    if (performance.now() - this.#endedAt > HOLDS_FOR) this.#state = undefined;
    const work = Promise.all([
      this.source.start(ended.signal),
      this.#decide(ended.signal).catch((error) => this.#failed(error, ended.signal)),
    ]);
    return { ended, work };
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#endedAt = performance.now();
    running?.ended.abort();
    const late = new AbortController();
    await Promise.race([running?.work, sleep(ENDS_WITHIN, late.signal).catch(() => {})]);
    late.abort();
  }

  async #decide(signal: AbortSignal): Promise<void> {
    await sleep(EVERY, signal);
    this.#guess = await guessLanes(this.attempt.db).catch(() => 1);
    this.ended(0);
    for (const startedAt = performance.now(); ; await sleep(EVERY, signal)) {
      const signals = this.source.read();
      // Until the signals are there again, what was found out before holds.
      const unknown = signals.foreignPerSecond === undefined && !signals.nobodyThere;
      if (this.#now.alone && unknown && performance.now() - startedAt < HOLDS_FOR) continue;
      const before = this.#now;
      const now = performance.now();
      const bounds = this.#bounds;
      const { batchMs, duty } = before.pace;
      const cycleMs = this.#rate.cycleMs(duty);
      const rowsPerSecond = this.#rate.perSecond(now, 2 * batchMs, cycleMs);
      this.#apply(next(before, { signals, rowsPerSecond, cycleMs, bounds, now }));
      if (this.#now.wantsPause) await this.#pause(signal);
    }
  }

  /** The walk goes on without the law, and does little harm. */
  #failed(error: unknown, { aborted }: AbortSignal): void {
    // It ends with the signal, which is no error.
    if (aborted) return;
    this.attempt.log.warn(bugText(error));
    this.#apply(beginning(this.#bounds, performance.now()));
  }

  #apply(state: LawState): void {
    const before = this.#now.pace.lanes;
    const { lanes } = state.pace;
    this.#state = state;
    if (lanes === before) return;
    this.attempt.log.info(`${lanesText(lanes)} instead of ${before}: ${state.cause}`);
    this.#divide();
  }

  /** Measures what the database is like without us. */
  async #pause(signal: AbortSignal): Promise<void> {
    const measure = async () => {
      await sleep(SETTLING, signal);
      await this.source.drained(() => sleep(MEASURED, signal));
    };
    await this.turns.pause(BATCH_ENDS_WITHIN, measure, signal);
    this.#state = paused(this.#now, performance.now());
  }

  #divide(): void {
    this.#shares = divide(this.#members, this.#now.pace.lanes);
    this.turns.changed();
  }
}
