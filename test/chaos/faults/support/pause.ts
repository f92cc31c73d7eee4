import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../random';

/** Lets a random time pass, so that a fault meets anything. Milliseconds. */
export async function pass(random: Random, from: number, to: number): Promise<number> {
  const time = random.integer(from, to);
  await sleep(time);
  return time;
}
