import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../settings/within';
import { WaitedInVain } from '../support/waitFor';
import type { ChaosSet, WorkerSlot } from './chaosSet';
import { type Fault, NothingToBreak, type Part } from './fault';
import type { Random } from './random';

/** A fault that was made. */
export interface Inflicted {
  readonly kind: string;
  readonly part: Part;
  /** Number of the slot that it broke, or was given. Undefined: all. */
  worker: number | undefined;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Undefined: it lasts. */
  upto: number | undefined;
  /** What was done, or why it failed. */
  what: string;
  /**
   * - `nothing`: there was nothing to break.
   * - `unseen`: its effect did not show in time. Others may have been in the way, up to a minute before.
   * - `failed`: something was wrong that no other fault explains.
   *
   * Only what is done counts as a fault.
   */
  result: 'lasts' | 'done' | 'nothing' | 'unseen' | 'failed';
}

/** Makes faults until it is stopped. */
export interface Nemesis {
  readonly inflicted: readonly Inflicted[];
  /** Begins no more faults. Resolves when those that last have ended. */
  stop(): Promise<void>;
}

/** Faults at a time, each of another part. More would leave nothing that works. */
const AT_A_TIME = 2;

/** Of a fault: mended within this time, or it has failed. Milliseconds. */
const MENDED_WITHIN = 180_000;

/**
 * Picks faults by weight as the seed says. While one lasts, another one of a part that it does not
 * need may begin.
 * @param faults those that this machine can make
 * @param say gets a line for each fault
 */
export function startNemesis(
  set: ChaosSet,
  faults: readonly Fault[],
  random: Random,
  say: (line: string) => void,
): Nemesis {
  const inflicted: Inflicted[] = [];
  const lasting = new Map<Fault, Promise<void>>();
  let stopped = false;

  const inflict = async (fault: Fault): Promise<void> => {
    const count = inflicted.length + 1;
    const { kind, part } = fault;
    const worker = random.pick(set.workers);
    const record: Inflicted = {
      kind,
      part,
      worker: worker.number,
      from: Date.now(),
      upto: undefined,
      what: '',
      result: 'lasts',
    };
    inflicted.push(record);
    const target = {
      set,
      random: random.fork(`fault ${count}`),
      worker,
      breaks: (broken: WorkerSlot | undefined) => {
        record.worker = broken?.number;
      },
    };
    await set.timeline.during('nemesis', `${count}. ${kind}`, async () => {
      try {
        const what = await within(MENDED_WITHIN, fault.inflict(target));
        if (what === undefined) throw new Error(`not mended within ${MENDED_WITHIN / 1_000} s`);
        record.what = what;
        record.result = 'done';
      } catch (error) {
        record.result = resultOf(error);
        record.what = error instanceof Error ? error.message : String(error);
      }
    });
    record.upto = Date.now();
    set.timeline.event('nemesis', `${count}. ${record.result}: ${record.what}`);
    const took = ((record.upto - record.from) / 1_000).toFixed(1);
    const result = record.result === 'done' ? '' : `${record.result.toUpperCase()}  `;
    say(`${String(count).padStart(4)}  ${result}${kind} (${took} s): ${record.what}`);
  };

  const going = (async () => {
    while (!stopped) {
      const possible =
        lasting.size < AT_A_TIME ? faults.filter((fault) => fits(fault, [...lasting.keys()])) : [];
      // Half of the time a fault has the set for itself.
      if (lasting.size > 0 && (possible.length === 0 || random.chance(0.5))) {
        await Promise.race(lasting.values());
        continue;
      }
      if (possible.length === 0) return;
      const fault = pickByWeight(possible, inflicted, random);
      const ended = inflict(fault).finally(() => lasting.delete(fault));
      lasting.set(fault, ended);
      await sleep(random.integer(0, LONGEST_PAUSE));
    }
    await Promise.all(lasting.values());
  })();
  return {
    inflicted,
    stop: async () => {
      stopped = true;
      await going;
    },
  };
}

function resultOf(error: unknown): Inflicted['result'] {
  if (error instanceof NothingToBreak) return 'nothing';
  return error instanceof WaitedInVain ? 'unseen' : 'failed';
}

/** Between the begins of two faults. Milliseconds. */
const LONGEST_PAUSE = 4_000;

/** Whether a fault can begin while others last. */
function fits(fault: Fault, lasting: readonly Fault[]): boolean {
  return lasting.every(
    (other) =>
      other.part !== fault.part &&
      !other.needs?.includes(fault.part) &&
      !fault.needs?.includes(other.part),
  );
}

/** Each time that a kind was made makes it rarer, so that also a short run makes many kinds. */
function pickByWeight(
  faults: readonly Fault[],
  inflicted: readonly Inflicted[],
  random: Random,
): Fault {
  const weights = faults.map(({ kind, weight = 1 }) => {
    const times = inflicted.filter((made) => made.kind === kind).length;
    return Math.ceil((weight * WEIGHT_RESOLUTION) / (1 + times) ** 2);
  });
  const sum = weights.reduce((one, other) => one + other, 0);
  let left = random.integer(1, sum);
  const at = weights.findIndex((weight) => {
    left -= weight;
    return left <= 0;
  });
  return faults[at] ?? random.pick(faults);
}

const WEIGHT_RESOLUTION = 1_000;
