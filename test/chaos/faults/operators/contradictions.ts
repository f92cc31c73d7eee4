import type { Said } from '../support/lrm';

export type Answer = Said & { readonly code: number };

/** What the two operators say at once, and what must not come of it. */
export interface Contradiction {
  readonly moves: readonly [string, string];
  /**
   * @param status after both
   * @returns what is wrong; undefined: nothing
   */
  readonly wrong: (first: Answer, second: Answer, status: string) => string | undefined;
}

/** It may end before it is stopped. Then both are refused. */
const over = (status: string): boolean => status === 'completed' || status === 'failed';

export const CONTRADICTIONS: readonly Contradiction[] = [
  {
    moves: ['pause', 'pause'],
    // The second one may come to a migration that is paused already.
    wrong: (first, second, status) =>
      first.code + second.code === 2 && !over(status) ? 'both pauses were refused' : undefined,
  },
  {
    moves: ['cancel', 'cancel'],
    wrong: (first, second, status) =>
      first.code + second.code === 2 && !over(status) ? 'both cancels were refused' : undefined,
  },
  {
    moves: ['pause', 'cancel'],
    wrong: (_, cancel, status) => {
      if (cancel.code === 0 && status !== 'cancelled') return 'cancelled is not what it is';
      return cancel.code === 1 && !over(status) ? 'cancel gave way to pause' : undefined;
    },
  },
  {
    moves: ['pause', 'resume'],
    wrong: (pause, resume, status) => {
      if (pause.code === 0 && resume.code === 1 && status !== 'paused') return 'the pause is lost';
      if (pause.code === 1 && resume.code === 0 && status === 'paused') return 'the resume is lost';
      return pause.code + resume.code === 2 && !over(status) ? 'both were refused' : undefined;
    },
  },
  {
    moves: ['cancel', 'retry'],
    wrong: (cancel, retry, status) => {
      if (cancel.code === 0 && retry.code === 1 && status !== 'cancelled')
        return 'the cancel is lost';
      return cancel.code + retry.code === 2 && !over(status) ? 'both were refused' : undefined;
    },
  },
];
