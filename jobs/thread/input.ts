import { UsageError } from '../../settings/usageError';
import { type InputProblem, safePathText } from '../process/inputProblem';
import type { GivenInput } from '../process/messages';
import type { StandardIssue, StandardSchema } from '../standardSchema';

/**
 * Reads a job's exported `input`; undefined when there is none.
 * @throws UsageError when it is not a schema
 */
export function readInputSchema(exported: unknown): StandardSchema | undefined {
  if (exported === undefined) return undefined;
  // A schema of arktype is a function.
  const isObject = typeof exported === 'object' || typeof exported === 'function';
  const standard = isObject && exported !== null && Reflect.get(exported, '~standard');
  if (standard?.version === 1 && typeof standard.validate === 'function') {
    return exported as StandardSchema;
  }
  throw new UsageError(
    'input: is not a Standard Schema (zod, valibot, arktype); write export const input = z.object({ tenant: z.string() })',
  );
}

/** The value that run() gets, or what is wrong with it. */
export type CheckedInput =
  | { readonly value: unknown; readonly problems: readonly [] }
  | { readonly problems: readonly InputProblem[] };

/** More fields would not help who reads them, and messages between processes have a limit. */
const PROBLEMS_AT_MOST = 5;
const KEYS_AT_MOST = 10;
/** Characters. */
const KEY_AT_MOST = 64;
const MESSAGE_AT_MOST = 300;

/** Validates what a migration was registered with. The schema may change it, and may be async. */
export async function checkInput(
  schema: StandardSchema | undefined,
  given: GivenInput | undefined,
): Promise<CheckedInput> {
  if (!schema) return { value: given?.value, problems: [] };
  const result = await schema['~standard'].validate(given?.value);
  if (result?.issues) {
    // Some libraries give an empty list of issues for 'not valid', without a reason.
    const issues = result.issues.length > 0 ? result.issues : [{ message: 'is not valid' }];
    return { problems: issues.slice(0, PROBLEMS_AT_MOST).map(problem) };
  }
  if (!result || !('value' in result)) {
    throw new UsageError('input: its validate() gave neither a value nor issues');
  }
  return { value: result.value, problems: [] };
}

/**
 * The value for run().
 * @throws UsageError naming the fields that don't fit. It quotes no value, not even the library's
 *   message: the error is stored, and Temporal shows it.
 */
export async function inputFor(
  migration: string,
  schema: StandardSchema | undefined,
  given: GivenInput | undefined,
): Promise<unknown> {
  const checked = await checkInput(schema, given);
  if ('value' in checked) return checked.value;
  const paths = [...new Set(checked.problems.map(({ path }) => safePathText(path)))].join(', ');
  const what = given
    ? `${paths}: does not fit the schema that the job exports as input`
    : `it was registered without an input, and the schema that the job exports as input needs one (${paths})`;
  throw new UsageError(
    `${what}. To give it another one: npx lrm unregister ${migration} --yes, then npx lrm register ${migration} --input '{…}'`,
  );
}

function problem({ path = [], message }: StandardIssue): InputProblem {
  const keys = path
    .slice(0, KEYS_AT_MOST)
    .map((part) => (typeof part === 'object' ? part.key : part));
  return {
    path: keys.map((key) => (typeof key === 'number' ? key : String(key).slice(0, KEY_AT_MOST))),
    message: String(message).slice(0, MESSAGE_AT_MOST),
  };
}
