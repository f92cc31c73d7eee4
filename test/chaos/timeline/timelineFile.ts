import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { Timeline, TimelineEvent } from './timeline';

/** A timeline that is also there to be read while the run goes on. */
export interface TimelineFile extends Timeline {
  /** So far, in order. */
  readonly events: readonly TimelineEvent[];
  /** Milliseconds since 1970. */
  readonly began: number;
}

/**
 * Writes each event at once, so that it is there after a crash of ours, too: `timeline.jsonl` for
 * programs, `timeline.txt` for people (seconds since the start, lane, what).
 */
export function openTimeline(folder: string): TimelineFile {
  const began = Date.now();
  const events: TimelineEvent[] = [];
  const write = (event: Omit<TimelineEvent, 'at' | 'second'>) => {
    const at = Date.now();
    const second = Math.round(at - began) / 1_000;
    const written = { at, second, ...event, what: event.what.replaceAll(/\s*\n\s*/g, ' · ') };
    events.push(written);
    appendFileSync(path.join(folder, 'timeline.jsonl'), `${JSON.stringify(written)}\n`);
    appendFileSync(path.join(folder, 'timeline.txt'), `${lineOf(written)}\n`);
  };
  return {
    events,
    began,
    event: (lane, what) => write({ lane, what }),
    during: async (lane, what, body) => {
      const from = Date.now();
      write({ lane, what, begins: true });
      const took = () => Date.now() - from;
      try {
        const result = await body();
        write({ lane, what, took: took() });
        return result;
      } catch (error) {
        write({ lane, what, took: took(), failed: true });
        throw error;
      }
    },
  };
}

function lineOf({ second, lane, what, took, begins, failed }: TimelineEvent): string {
  const lasted = took === undefined ? '' : ` (took ${(took / 1_000).toFixed(1)} s)`;
  const state = begins ? 'begin: ' : failed ? 'FAILED: ' : took === undefined ? '' : 'end: ';
  return `${second.toFixed(1).padStart(8)}  ${lane.padEnd(12)}  ${state}${what}${lasted}`;
}
