import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerSlot } from '../../chaosSet';
import type { Fault, Target } from '../../fault';
import type { Wire } from '../../wire/wire';
import { inSeconds, lasts } from '../lasts';

interface Between {
  readonly name: string;
  wires(worker: WorkerSlot): readonly Wire[];
}

const BETWEEN: readonly Between[] = [
  { name: 'Postgres', wires: ({ postgres }) => [postgres] },
  { name: 'Temporal', wires: ({ temporal }) => [temporal] },
  { name: 'Postgres and Temporal', wires: ({ postgres, temporal }) => [postgres, temporal] },
];

/** What the network does between one worker, with its jobs, and one server or both. */
export const network: readonly Fault[] = BETWEEN.flatMap((between) => [
  fault('connections cut', between, async (wires, { random }) => {
    const times = random.integer(1, 4);
    for (let n = 0; n < times; n++) {
      if (n > 0) await sleep(lasts(random, 0, 2));
      for (const wire of wires) wire.cut();
    }
    return `${times} times`;
  }),
  fault('delay', between, async (wires, { random }) => {
    const delay = random.integer(50, 500);
    for (const wire of wires) wire.delay(delay);
    return `${delay} ms each way for ${await waited(lasts(random, 5, 20))}`;
  }),
  fault('black hole', between, async (wires, { random }) => {
    for (const wire of wires) wire.blackHole();
    return waited(lasts(random, 2, 20));
  }),
  fault('connections refused', between, async (wires, { random }) => {
    for (const wire of wires) wire.refuse();
    return waited(lasts(random, 1, 15));
  }),
]);

function fault(
  what: string,
  { name, wires }: Between,
  body: (wires: readonly Wire[], target: Target) => Promise<string>,
): Fault {
  return {
    kind: `network: ${what}, ${name}`,
    part: 'worker',
    inflict: async (target) => {
      const { worker } = target;
      const broken = wires(worker);
      try {
        return `worker ${worker.number}: ${await body(broken, target)}`;
      } finally {
        for (const wire of broken) wire.mend();
        // Temporal's client may have given up, and the worker ended.
        await worker.start();
      }
    },
  };
}

async function waited(milliseconds: number): Promise<string> {
  await sleep(milliseconds);
  return inSeconds(milliseconds);
}
