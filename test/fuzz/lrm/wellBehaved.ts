import { expect } from '@jest/globals';
import type { CommandResult } from '../../support/lrm';

/** Characters that control a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what it looks for.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/**
 * What holds for all commands: the exit code is 0, 1 or 2; a failure is explained, never by a stack
 * trace, and wrong use in one line; nothing that is printed controls the terminal or holds a secret.
 */
export function wellBehaved(
  args: readonly string[],
  result: CommandResult,
  secrets: readonly string[] = [],
): CommandResult {
  const { code, stdout, stderr } = result;
  const printed = stdout + stderr;
  const flaws = {
    'an exit code of its own': ![0, 1, 2].includes(code ?? -1),
    'a stack trace': /^\s+at .*[:(]\d+/m.test(printed),
    'an error that nobody foresaw': printed.includes('unexpected: '),
    'a failure without a word': code !== 0 && printed.trim() === '',
    'wrong use in several lines': code === 2 && stderr.trimEnd().split('\n').length !== 1,
    'control characters': CONTROLS.test(printed),
    'a secret': secrets.some((each) => printed.includes(each)),
  };
  const found = Object.entries(flaws).flatMap(([flaw, is]) => (is ? [flaw] : []));
  expect({ args, code, stdout, stderr, flaws: found }).toMatchObject({ flaws: [] });
  return result;
}
