import type { Database } from '../../drizzle/database';
import { readStatus } from '../../drizzle/rows/status';
import { AlreadyReported, explain } from '../errors/explain';
import { answer, complain, say } from '../terminal/output';

/** What a command did with one migration. */
export interface Done {
  /** For a person. */
  readonly line: string;
  /** For a script, in a word or two: 'paused'. */
  readonly result: string;
}

/** The entry of one migration in a command's --json. */
interface Entry {
  readonly name: string;
  /** Afterwards; null: no longer registered. */
  readonly status: string | null;
  readonly result: string | null;
  readonly error: string | null;
}

/**
 * Does the same with several migrations, side by side, and says of each how it went; one that can't
 * be doesn't keep the others from it.
 * @param last what is to be done once, for those that went well; its fields are added to each entry
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
