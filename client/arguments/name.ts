import { isName, isTarget, NAME_AT_MOST, TARGET_RULE } from '../../settings/migrationName';
import { UsageError } from '../../settings/usageError';

/**
 * Returns a migration's name as typed.
 * @throws UsageError that says why it is not a name
 */
export function migrationName(typed: string): string {
  if (isName(typed)) return typed;
  const shown = JSON.stringify(typed.length > 60 ? `${typed.slice(0, 60)}…` : typed);
  throw new UsageError(`${shown} is not a migration's name: ${problem(typed)}`);
}

/** Why `job:target` can't be a migration's name; undefined when it can. */
export function targetProblem(job: string, target: string): string | undefined {
  if (target === '')
    return "the target is empty; type one after the ':', as in 0001_sample:tenant_7";
  if (!isTarget(target)) return `a target has ${TARGET_RULE}`;
  const { length } = `${job}:${target}`;
  return length > NAME_AT_MOST
    ? `it has ${length} characters; the limit is ${NAME_AT_MOST}`
    : undefined;
}

function problem(typed: string): string {
  if (typed === '') return "it is empty; type a name such as '0001_description'";
  if (/[/\\]/.test(typed)) {
    return "it is a path; type the file's name without folder and ending";
  }
  if (typed.length > NAME_AT_MOST) {
    return `it has ${typed.length} characters; the limit is ${NAME_AT_MOST}`;
  }
  const [job = '', target] = typed.split(/:(.*)/s);
  if (/\.(ts|js|cjs|mjs)$/.test(job)) return "type it without the file's ending";
  if (/[A-Z]/.test(job)) return 'use lowercase letters only';
  if (!/^[0-9]{4}_/.test(job))
    return "it must begin with four digits and '_', as in '0001_description'";
  const ofTarget = target !== undefined && isName(job) ? targetProblem(job, target) : undefined;
  return ofTarget ?? "use lowercase letters, digits and '_' only, as in '0001_description'";
}
