import type { CommandResult } from '../../../support/lrm';
import type { ChaosSet } from '../../chaosSet';

export type Operator = 1 | 2;

/** The fault that an operator met: what a command printed breaks a rule that holds for all of them. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
}

/**
 * Runs a command that is typed correctly, and notes it in the timeline.
 * @throws BadAnswer when it ends in another way than with 0, or with 1 and a clear line
 */
export async function ask(
  set: ChaosSet,
  operator: Operator,
  ...args: string[]
): Promise<CommandResult> {
  const lane = `operator ${operator}`;
  set.timeline.event(lane, `lrm ${args.join(' ')}`);
  const result = await set.lrm(operator, ...args);
  const said = (result.code === 0 ? result.stdout : result.stderr).replaceAll(/\s+/g, ' ').trim();
  set.timeline.event(lane, `lrm ${args.join(' ')} → ${result.code}: ${said.slice(0, 300)}`);
  requireClear(args, result);
  return result;
}

/** The same for one that can't be refused. */
export async function succeeds(
  set: ChaosSet,
  operator: Operator,
  ...args: string[]
): Promise<CommandResult> {
  const result = await ask(set, operator, ...args);
  if (result.code !== 0) throw bad(args, result, 'it was refused');
  return result;
}

/** What a command with --json says of one migration. */
export interface Said {
  readonly name: string;
  readonly status: string | null;
  readonly result: string | null;
  readonly error: string | null;
}

/** Runs a command on one migration with --json. `code` is 0 or 1. */
export async function askJson(
  set: ChaosSet,
  operator: Operator,
  move: string,
  name: string,
  ...more: string[]
): Promise<Said & { readonly code: number }> {
  const args = [move, name, ...more, '--json'];
  const result = await ask(set, operator, ...args);
  const parsed = json(args, result.stdout === '' ? 'null' : result.stdout, result);
  for (const line of result.stderr.split('\n').filter(Boolean)) {
    const said = json(args, line, result) as { warning?: unknown; error?: unknown };
    if (typeof said?.warning !== 'string' && typeof said?.error !== 'string') {
      throw bad(args, result, 'a line of standard error is neither a warning nor an error');
    }
  }
  const code = result.code ?? 1;
  const [entry] = Array.isArray(parsed) ? (parsed as Said[]) : [];
  // finalize and commands that are refused as a whole have no entry for each.
  if (!entry) {
    if (code === 0) throw bad(args, result, 'it has succeeded and says nothing of the migration');
    return { name, status: null, result: null, error: result.stderr, code };
  }
  if ((entry.error === null) !== (code === 0)) {
    throw bad(args, result, 'the exit code and the error do not fit');
  }
  return { ...entry, code };
}

/** @throws BadAnswer when it is not JSON */
export function json(args: readonly string[], text: string, result: CommandResult): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(args, result, 'its output is not JSON');
  }
}

/** @throws BadAnswer when a command that is typed correctly ends in another way than with 0, or 1 and a line */
export function requireClear(args: readonly string[], result: CommandResult): void {
  const { code, stdout, stderr } = result;
  if (code !== 0 && code !== 1) throw bad(args, result, `it ended with ${code}`);
  if (code === 1 && stderr.trim() === '') throw bad(args, result, 'it does not say what is wrong');
  if (STACK.test(stdout) || STACK.test(stderr)) throw bad(args, result, 'it shows a stack trace');
}

/** A line of a stack trace: '    at connect (/…/pool.ts:12:3)'. */
const STACK = /^\s+at .+:\d+(:\d+)?\)?$/m;

export const bad = (
  args: readonly string[],
  { code, stdout, stderr }: CommandResult,
  why: string,
) =>
  new BadAnswer(
    `lrm ${args.join(' ')}: ${why}; exit code ${code}, stdout ${JSON.stringify(stdout)}, stderr ${JSON.stringify(stderr)}`,
  );
