import { isName, NAME_AT_MOST } from '../../jobs/catalog';
import { UsageError } from '../../settings/usageError';

/**
 * Gives back a migration's name as typed.
 * @throws UsageError saying in which way it is no name
 */
export function migrationName(typed: string): string {
  if (isName(typed)) return typed;
  const shown = JSON.stringify(typed.length > 60 ? `${typed.slice(0, 60)}…` : typed);
  throw new UsageError(`${shown} is no name of a migration: ${problem(typed)}`);
}

function problem(typed: string): string {
  if (typed === '') return "it is empty; write '0001_description'";
  if (/[/\\]/.test(typed)) {
    return "it is a path; write the file's name alone, without folder and ending";
  }
  if (/\.(ts|js|cjs|mjs)$/.test(typed)) return "leave the file's ending off";
  if (typed.length > NAME_AT_MOST) {
    return `it has ${typed.length} characters, and ${NAME_AT_MOST} are possible`;
  }
  if (/[A-Z]/.test(typed)) return 'small letters only';
  if (!/^[0-9]{4}_/.test(typed))
    return "it begins with four digits and '_', as in '0001_description'";
  return "small letters, digits and '_' only, as in '0001_description'";
}
