import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { database } from '../../drizzle/database';
import { readNames } from '../../drizzle/rows/status';
import { readCatalog } from '../../jobs/catalog';
import { readSettings } from '../../settings/settings';
import { openSql } from '../openSql';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Nobody waits longer for a Tab. Milliseconds. */
const WITHIN = 1_000;

/** Prints a shell's script; it calls `executable complete -- <words>`. */
export async function printScript(
  program: Command,
  shell: string,
  executable: string,
): Promise<void> {
  (await readCommands(program)).setup(program.name(), executable, shell);
}

/** Prints what the last word may be, for the shell's script. */
export async function completeWords(program: Command, words: readonly string[]): Promise<void> {
  const commands = await readCommands(program);
  const [typed] = words;
  const names = words.length > 1 && typed ? await namesFor(typed) : [];
  for (const argument of commands.commands.get(typed ?? '')?.arguments.values() ?? []) {
    if (!/^names?$/.test(argument.name)) continue;
    const others = new Set(words.slice(1, -1));
    argument.handler = (complete) => {
      for (const name of names) if (!others.has(name)) complete(name, '');
    };
  }
  commands.parse([...words]);
  // A connection that is still being made would keep the process, and so the shell.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(0);
}

/**
 * Our commands as @bomb.sh/tab knows them. It is an ES module, hence loaded here. To a program it
 * adds commands of its own, which write no help and know no names.
 */
async function readCommands(program: Command) {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  return tab(program, { completionCommandName: 'completion' });
}

/** None when they aren't to be had in time: a Tab must neither hang nor print errors. */
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
    return await readNames(database(sql));
  } finally {
    // Not waited for.
    void sql.end({ timeout: 0 });
  }
}
