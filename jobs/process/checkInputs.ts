import type { Description } from './describeError';
import type { InputProblem } from './inputProblem';
import { JobProcess } from './jobProcess';
import type { ErrorDetail, GivenInput } from './messages';
import { printTo } from './output';

/** Of each input its problems; or why the job's code can't say. */
export type InputCheck =
  | { readonly kind: 'checked'; readonly problems: readonly (readonly InputProblem[])[] }
  | { readonly kind: 'unusable'; readonly error: Description | undefined };

/** A part of the inputs takes this long at most. A schema may ask a service. Milliseconds. */
const CHECK_WITHIN = 30_000;
const MEMORY_LIMIT_MB = 256;
/** A message has a limit, see channel.ts. Characters. */
const PART = 600_000;
/** So does the answer, which may name some fields of each. */
const INPUTS_IN_PART = 200;

/**
 * Validates inputs by the schema that a job exports. That executes the job's code, so it happens in a
 * short-lived process, one for all inputs.
 * @param inputs undefined: registered without an input
 */
export async function checkInputs(
  file: string,
  inputs: readonly (GivenInput | undefined)[],
  errorDetail: ErrorDetail,
): Promise<InputCheck> {
  const jobProcess = new JobProcess(MEMORY_LIMIT_MB, 'stderr');
  try {
    const problems: (readonly InputProblem[])[] = [];
    for (const part of parts(inputs)) {
      const checked = await checkPart(jobProcess, file, part, errorDetail);
      if (checked.kind === 'unusable') return checked;
      problems.push(...checked.problems);
    }
    return { kind: 'checked', problems };
  } finally {
    void jobProcess.end();
  }
}

function checkPart(
  jobProcess: JobProcess,
  file: string,
  inputs: readonly (GivenInput | null)[],
  errorDetail: ErrorDetail,
): Promise<InputCheck> {
  return new Promise((resolve) => {
    const unusable = (error?: Description) => resolve({ kind: 'unusable', error });
    const timer = setTimeout(unusable, CHECK_WITHIN);
    jobProcess.onMessage((message) => {
      if (message.type === 'log') return printTo('stderr', message);
      clearTimeout(timer);
      if (message.type === 'inputsChecked' && message.problems.length === inputs.length) {
        resolve({ kind: 'checked', problems: message.problems });
      }
      unusable(message.type === 'failed' ? message.error : undefined);
    });
    void jobProcess.ended.then(() => unusable());
    jobProcess.begin({ task: 'checkInputs', file, errorDetail, inputs });
  });
}

/** As many in each as a message holds. */
function parts(inputs: readonly (GivenInput | undefined)[]): (GivenInput | null)[][] {
  const all: (GivenInput | null)[][] = [[]];
  let room = PART;
  for (const input of inputs) {
    const length = JSON.stringify(input ?? null).length + 1;
    const count = all.at(-1)?.length ?? 0;
    if ((length > room && count > 0) || count === INPUTS_IN_PART) {
      all.push([]);
      room = PART;
    }
    room -= length;
    all.at(-1)?.push(input ?? null);
  }
  return all;
}
