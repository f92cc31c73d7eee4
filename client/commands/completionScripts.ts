import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { readNames } from '../../drizzle/rows/unfinished';
import { readCatalog } from '../../jobs/catalog';
import { jobOf } from '../../settings/migrationName';
import { readSettings } from '../../settings/settings';
import { openSql } from '../openSql';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Nobody waits longer for the Tab key. Milliseconds. */
const WITHIN = 1_000;

/** Prints a shell's script. The script calls `executable complete -- <words>`. */
export async function printScript(
  program: Command,
  shell: string,
  executable: string,
): Promise<void> {
  (await readCommands(program)).setup(program.name(), executable, shell);
}

/** Prints the possible completions of the last word, for the shell's script. */
export async function completeWords(program: Command, words: readonly string[]): Promise<void> {
  const commands = await readCommands(program);
  const [typed] = words;
  const found = words.length > 1 && typed ? await namesFor(typed) : [];
  // Thousands of targets would hide the jobs: they come when a job and ':' are typed.
  const names = words.at(-1)?.includes(':') ? found : [...new Set(found.map(jobOf))];
  for (const argument of commands.commands.get(typed ?? '')?.arguments.values() ?? []) {
    if (!/^names?$/.test(argument.name)) continue;
    const others = new Set(words.slice(1, -1));
    argument.handler = (complete) => {
      for (const name of names) if (!others.has(name)) complete(name, '');
    };
  }
  commands.parse([...words]);
  // A connection attempt that has not ended would keep the process alive, and the shell waiting.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(0);
}

/**
 * Our commands in the form that @bomb.sh/tab needs. It is an ES module, so it is imported
 * dynamically. It also adds its own commands to the program; they have no help and complete no names.
 */
async function readCommands(program: Command) {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  return tab(program, { completionCommandName: 'completion' });
}

/** Empty when the names don't come in time: the Tab key must neither hang nor print errors. */
async function namesFor(command: string): Promise<string[]> {
  const names = command === 'register' ? jobNames() : registeredNames();
  return Promise.race([names.catch(() => []), sleep(WITHIN, [])]);
}

async function jobNames(): Promise<string[]> {
  const { files } = await readCatalog(readSettings().LRM_JOBS_DIR);
  return [...files.keys()].sort();
}

async function registeredNames(): Promise<string[]> {
  const sql = openSql(readSettings().databaseUrl);
  try {
    return await readNames(sql);
  } finally {
    // The shell should not wait for this.
    void sql.end({ timeout: 0 });
  }
}
