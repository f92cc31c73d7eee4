import type { Database } from '../../drizzle/database';
import { readStatus } from '../../drizzle/rows/status';
import { AlreadyReported, explain } from '../errors/explain';
import { answer, complain, say } from '../terminal/output';

/** What a command did with one migration. */
export interface Done {
  /** Shown to a person. */
  readonly line: string;
  /** Shown to a script: one or two words, such as 'paused'. */
  readonly result: string;
}

/** The entry of one migration in a command's --json. */
interface Entry {
  readonly name: string;
  /** The status after the command. Null: no longer registered. */
  readonly status: string | null;
  readonly result: string | null;
  readonly error: string | null;
}

/**
 * Does the same with several migrations at once, and reports the result of each. If one is refused,
 * the others are still done.
 * @param last done once at the end, for those that succeeded; its fields are added to each entry
 * @throws AlreadyReported when one of them failed
 */
export async function eachMigration(
  db: Database,
  names: readonly string[],
  act: (name: string) => Promise<Done>,
  last: (done: readonly string[]) => Promise<object> = async () => ({}),
): Promise<void> {
  const entries = await Promise.all(names.map((name) => one(db, name, act)));
  const done = entries.filter(({ error }) => error === null).map(({ name }) => name);
  const more = done.length > 0 ? await last(done) : {};
  answer(entries.map((entry) => ({ ...entry, ...more })));
  if (done.length < entries.length) throw new AlreadyReported();
}

async function one(
  db: Database,
  name: string,
  act: (name: string) => Promise<Done>,
): Promise<Entry> {
  try {
    const { line, result } = await act(name);
    say(line);
    return { name, status: await readStatus(db, name), result, error: null };
  } catch (error) {
    const { line } = explain(error);
    complain(line);
    const status = await readStatus(db, name).catch(() => null);
    return { name, status, result: null, error: line };
  }
}
