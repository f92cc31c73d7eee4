import { isName, NAME_AT_MOST } from '../../jobs/catalog';
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

function problem(typed: string): string {
  if (typed === '') return "it is empty; type a name such as '0001_description'";
  if (/[/\\]/.test(typed)) {
    return "it is a path; type the file's name without folder and ending";
  }
  if (/\.(ts|js|cjs|mjs)$/.test(typed)) return "type it without the file's ending";
  if (typed.length > NAME_AT_MOST) {
    return `it has ${typed.length} characters; the limit is ${NAME_AT_MOST}`;
  }
  if (/[A-Z]/.test(typed)) return 'use lowercase letters only';
  if (!/^[0-9]{4}_/.test(typed))
    return "it must begin with four digits and '_', as in '0001_description'";
  return "use lowercase letters, digits and '_' only, as in '0001_description'";
}
