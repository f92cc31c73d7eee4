import { errorText } from '../../activities/attempt/errorText';
import { checkInputs } from '../../jobs/process/checkInputs';
import { type InputProblem, pathText } from '../../jobs/process/inputProblem';
import { plainText } from '../../settings/plainText';
import { warn } from '../terminal/output';
import type { ParsedInput } from './parseInput';

/**
 * Validates inputs by the schema of a job, as its attempts will. A job that can't be loaded here may
 * be loaded by a worker, so that is only a warning.
 * @returns of each input what is wrong with it as a text, or undefined
 */
export async function checkInputsHere(
  job: string,
  file: string,
  inputs: readonly (ParsedInput | undefined)[],
): Promise<(string | undefined)[]> {
  const given = inputs.map((input) => (input ? { value: input.value } : undefined));
  const checked = await checkInputs(file, given, 'safe');
  if (checked.kind === 'checked') {
    return checked.problems.map((problems, at) => describe(problems, inputs[at] !== undefined));
  }
  const why = checked.error ? errorText('load', checked.error) : 'it did not answer';
  warn(plainText(`${job}: its input was not checked: ${why}`));
  return inputs.map(() => undefined);
}

function describe(problems: readonly InputProblem[], isGiven: boolean): string | undefined {
  if (problems.length === 0) return undefined;
  const text = problems.map(({ path, message }) => `${pathText(path)}: ${message}`).join('; ');
  return plainText(isGiven ? text : `it needs an input (--input '{…}'): ${text}`);
}
