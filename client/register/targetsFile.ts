import { createReadStream } from 'node:fs';
import type { Registration } from '../../drizzle/rows/register';
import { firstOf } from '../../settings/firstOf';
import { nameOf } from '../../settings/migrationName';
import { UsageError } from '../../settings/usageError';
import { targetProblem } from '../arguments/name';
import { type ParsedInput, parseInput } from './parseInput';

/** A line of the file. */
export interface TargetLine extends Registration {
  /** From 1. */
  readonly line: number;
  readonly parsed: ParsedInput | undefined;
}

/** All lines are registered by one statement. Bytes. */
const FILE_AT_MOST = 64 * 1024 * 1024;
const TARGETS_AT_MOST = 100_000;

/**
 * Reads the targets of a job: one a line, `target` or `target<TAB>input as JSON`. Empty lines are
 * skipped.
 * @param file its path, or '-' for standard input
 * @param input of the lines that have none of their own
 * @throws UsageError naming the lines that can't be used
 */
export async function readTargets(
  file: string,
  job: string,
  input: ParsedInput | undefined,
): Promise<TargetLine[]> {
  const lines = (await readText(file)).split('\n').map((text) => text.replace(/\r$/, ''));
  const targets: TargetLine[] = [];
  const problems: LineProblem[] = [];
  const seen = new Map<string, number>();
  for (const [index, text] of lines.entries()) {
    if (text.trim() === '') continue;
    const line = index + 1;
    const read = readLine(text, job, input);
    const before = typeof read === 'string' ? undefined : seen.get(read.name);
    if (typeof read === 'string') problems.push({ line, problem: read });
    else if (before) problems.push({ line, problem: `the same target as line ${before}` });
    else {
      seen.set(read.name, line);
      targets.push({ ...read, line });
    }
  }
  refuseLines(file, problems);
  if (targets.length === 0) throw new UsageError(`--targets ${file}: there is no target in it`);
  if (targets.length > TARGETS_AT_MOST) {
    throw new UsageError(
      `--targets ${file}: it has ${targets.length} targets; the limit is ${TARGETS_AT_MOST}: use several files`,
    );
  }
  return targets;
}

/** What is wrong with a line. */
export interface LineProblem {
  readonly line: number;
  readonly problem: string;
}

/** More would not fit on a screen, and the first ones say enough. */
const PROBLEMS_AT_MOST = 10;

/** @throws UsageError when there is a problem */
export function refuseLines(file: string, problems: readonly LineProblem[]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ line, problem }) => `line ${line}: ${problem}`);
  const named = firstOf(lines, PROBLEMS_AT_MOST);
  throw new UsageError(`--targets ${file}: ${named.join('; ')}. Nothing was registered`);
}

function readLine(
  text: string,
  job: string,
  input: ParsedInput | undefined,
): Omit<TargetLine, 'line'> | string {
  const tab = text.indexOf('\t');
  const target = (tab < 0 ? text : text.slice(0, tab)).trim();
  const problem = targetProblem(job, target);
  if (problem) return problem;
  const own = tab < 0 ? undefined : parseInput(text.slice(tab + 1));
  if (typeof own === 'string') return own;
  const parsed = own ?? input;
  return { name: nameOf(job, target), input: parsed?.text, parsed };
}

async function readText(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const stream = file === '-' ? process.stdin : createReadStream(file);
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > FILE_AT_MOST) break;
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `--targets ${file}: the file can't be read (${code ?? 'unknown'}): it takes a file with a target a line, or -`,
    );
  }
  if (bytes > FILE_AT_MOST) {
    throw new UsageError(`--targets ${file}: it is larger than 64 MiB: use several files`);
  }
  try {
    // It also removes a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new UsageError(`--targets ${file}: it is not UTF-8`);
  }
}
