import type { Message } from './messages';

/** What became of a statement whose answer is awaited. */
export type Outcome = 'done' | 'failed';

/** A statement whose answer is awaited. */
export interface Awaited {
  /** A COMMIT of a transaction that has failed is answered by ROLLBACK. */
  readonly tag: string | undefined;
  /** With its Sync sent it is done at ReadyForQuery, otherwise at CommandComplete. */
  readonly synced: boolean;
}

/** Counts what one server has to answer, to tell the answer to one statement from those before it. */
export class Answers {
  /** ReadyForQuery that the server owes or has sent. The first one ends the log-in. */
  #owed = 1;
  #ready = 0;
  /** Executed since the last Sync. */
  #executed = 0;
  /** Answered since the last ReadyForQuery. */
  #completed = 0;
  #awaited: (Awaited & { readonly after: number; readonly nth: number }) | undefined;
  #failed = false;

  /** To be called with each message that the server gets. */
  sent({ type }: Message): void {
    if (type === 'E') this.#executed += 1;
    if (type !== 'S' && type !== 'Q' && type !== 'F') return;
    this.#owed += 1;
    this.#executed = 0;
  }

  /**
   * From now on the answer to the last statement that was sent is awaited. Call it before its Sync or
   * Query is noted as sent.
   */
  await(awaited: Awaited): void {
    this.#failed = false;
    this.#awaited = { ...awaited, after: this.#owed, nth: this.#executed };
  }

  /** Nothing is awaited any more. */
  forget(): void {
    this.#awaited = undefined;
  }

  /**
   * To be called with each message from the server.
   * @returns whether it belongs to what is awaited, and what that shows
   */
  received({ type, bytes }: Message): { readonly awaited: boolean; readonly outcome?: Outcome } {
    const awaited = this.#awaited;
    const ours = awaited !== undefined && this.#ready >= awaited.after;
    if (COMPLETE.includes(type)) this.#completed += 1;
    if (type === 'Z') {
      this.#ready += 1;
      this.#completed = 0;
    }
    if (!awaited || !ours) return { awaited: false };
    const otherTag =
      type === 'C' && awaited.tag !== undefined && bytes.toString('utf8', 5, bytes.length - 1);
    if (type === 'E' || (otherTag && otherTag !== awaited.tag)) this.#failed = true;
    const last = awaited.synced
      ? type === 'Z'
      : this.#failed || (COMPLETE.includes(type) && this.#completed === awaited.nth);
    if (!last) return { awaited: true };
    return { awaited: true, outcome: this.#failed ? 'failed' : 'done' };
  }
}

/** CommandComplete, EmptyQueryResponse, PortalSuspended. */
const COMPLETE = ['C', 'I', 's'];
