import type { ChaosSet } from '../../chaosSet';
import type { Fault } from '../../fault';
import { askJson, succeeds } from '../support/lrm';

/** A name that no worker has a file for: it waits, and nothing else is held up by it. */
const NOWHERE = '9999_registered_by_mistake';

/** What has begun keeps its history: only what has not may go without a question. */
export const registrations: Fault = {
  kind: 'lrm register and unregister by both operators at once',
  part: 'operators',
  needs: ['postgres'],
  inflict: async ({ set, random }) => {
    const both = await Promise.all([
      askJson(set, 1, 'register', NOWHERE),
      askJson(set, 2, 'register', NOWHERE),
    ]);
    if (both.some(({ code }) => code !== 0)) throw new Error('a registration was refused');
    const gone = await Promise.all([
      askJson(set, 1, 'unregister', NOWHERE),
      askJson(set, 2, 'unregister', NOWHERE),
    ]);
    if (!gone.some(({ code }) => code === 0)) throw new Error('both were refused to unregister');
    if (await isRegistered(set, NOWHERE)) throw new Error(`${NOWHERE} is still registered`);
    const text = `${NOWHERE} was registered and unregistered twice`;
    const waiting = await notStarted(set);
    return waiting.length === 0 ? text : `${text}; ${await anew(set, random.pick(waiting))}`;
  },
};

/** An attempt may begin at the same time: then the command is refused, and nothing is lost. */
async function anew(set: ChaosSet, name: string): Promise<string> {
  const removed = await askJson(set, 1, 'unregister', name);
  if (removed.code === 1) {
    if (await isRegistered(set, name)) return `${name} had just begun and stayed`;
    throw new Error(`lrm unregister ${name} was refused, but it is gone: ${removed.error}`);
  }
  if (await isRegistered(set, name)) throw new Error(`${name} is still registered`);
  await succeeds(set, 1, 'register', name, '--run');
  return `${name} was registered anew`;
}

async function isRegistered({ postgres }: ChaosSet, name: string): Promise<boolean> {
  const found = await postgres.sql`
    select from long_running_migrations.migrations where name = ${name}`;
  return found.length > 0;
}

async function notStarted({ postgres }: ChaosSet): Promise<string[]> {
  const found = await postgres.sql<{ name: string }[]>`
    select name from long_running_migrations.migrations
    where status = 'created' and attempts = 0 and input is null order by name`;
  return found.map(({ name }) => name);
}
