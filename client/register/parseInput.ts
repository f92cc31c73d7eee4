import { pathText } from '../../jobs/process/inputProblem';

/** The input of a migration, checked. */
export interface ParsedInput {
  readonly value: unknown;
  /** As it is stored: JSON. */
  readonly text: string;
}

/** Larger data belongs into a table: each attempt reads its input. Bytes. */
const AT_MOST = 512 * 1024;
/** Postgres and JSON.stringify end at some thousand. */
const DEPTH_AT_MOST = 100;

/**
 * Reads an input from its JSON.
 * @returns what is wrong with it as a text, without any value: it may hold secrets
 */
export function parseInput(json: string): ParsedInput | string {
  if (Buffer.byteLength(json) > AT_MOST) {
    return `the input is larger than ${AT_MOST / 1024} KiB: store the data in a table, and its key in the input`;
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return `the input is not JSON${place(error)}: write it as '{"days":30}'`;
  }
  const problem = roundedNumber(json) ?? unstorable(value, []);
  return problem ?? { value, text: JSON.stringify(value) };
}

/** The message itself quotes the text. */
function place(error: unknown): string {
  const [, position] = /at position (\d+)/.exec((error as Error).message) ?? [];
  return position === undefined ? '' : ` (at character ${Number(position) + 1})`;
}

/** The job would get another number than the one that was typed. */
function roundedNumber(json: string): string | undefined {
  const outsideOfTexts = json.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  // Not 1.25 or 1e20: everybody expects that they are rounded.
  const numbers = outsideOfTexts.match(/-?\d[\d.eE+-]*/g) ?? [];
  const whole = numbers.filter((each) => /^-?\d+$/.test(each));
  if (whole.every((each) => Number.isSafeInteger(Number(each)))) return undefined;
  return `the input has a whole number beyond ±${Number.MAX_SAFE_INTEGER}, which JavaScript can't hold: write it as a text`;
}

/** What Postgres's jsonb or JSON can't hold. */
function unstorable(value: unknown, path: readonly (string | number)[]): string | undefined {
  if (path.length > DEPTH_AT_MOST) return `the input is nested deeper than ${DEPTH_AT_MOST} levels`;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return `${pathText(path)} is a number too large for JavaScript: write it as a text`;
  }
  if (typeof value === 'string') return unstorableText(value, path);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, each] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    const problem = unstorableText(key, at) ?? unstorable(each, at);
    if (problem) return problem;
  }
  return undefined;
}

function unstorableText(text: string, path: readonly (string | number)[]): string | undefined {
  if (text.includes('\0')) return `${pathText(path)} has a \\u0000, which Postgres can't store`;
  if (!text.isWellFormed())
    return `${pathText(path)} has half of a surrogate pair, which is no text`;
  return undefined;
}
