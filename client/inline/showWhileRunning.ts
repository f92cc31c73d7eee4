import type { Deps } from '../../activities/deps';
import type { InlineEvent } from '../../activities/runInline';
import { readRows } from '../terminal/follow';
import type { Progress } from '../terminal/progress';

/** Often enough to see a bar move. Milliseconds. */
const LOOK_EVERY = 500;

/** Shows the migrations that `work` runs, until it has ended. Each is shown once more at its end. */
export async function showWhileRunning<T>(
  { db, settings }: Pick<Deps, 'db' | 'settings'>,
  progress: Progress,
  work: (onEvent: (event: InlineEvent) => void) => Promise<T>,
): Promise<T> {
  const running = new Set<string>();
  const ended = new Set<string>();
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    const names = [...running, ...ended];
    ended.clear();
    // The work goes on, and its own errors say what is wrong.
    const rows = await readRows(db, settings.LRM_HEARTBEAT_TIMEOUT, names).catch(() => []);
    progress.show(rows);
  };
  // One after the other: a look may take longer than the time between two.
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_EVERY);
  try {
    return await work((event) => {
      if (event.kind === 'started') running.add(event.name);
      if (event.kind === 'ended' && running.delete(event.name)) ended.add(event.name);
    });
  } finally {
    clearInterval(timer);
    await looking;
    await look();
  }
}
