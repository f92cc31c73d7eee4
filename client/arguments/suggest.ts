import { distance } from 'fastest-levenshtein';

/** More would be a list, not a hint. */
const AT_MOST = 3;
/** Every name may have this many typing errors. */
const TYPING_ERRORS = 2;
/** A long name may have more: one for this many characters. */
const CHARACTERS_PER_ERROR = 5;

/** The names that `typed` may have meant. The most likely comes first. */
export function similar(typed: string, names: readonly string[]): string[] {
  const allowed = Math.max(TYPING_ERRORS, Math.floor(typed.length / CHARACTERS_PER_ERROR));
  return names
    .map((name) => ({ name, errors: errorsIn(typed, name) }))
    .filter(({ errors }) => errors <= allowed)
    .sort((a, b) => a.errors - b.errors)
    .slice(0, AT_MOST)
    .map(({ name }) => name);
}

/** 'did you mean 0001_sample?', or an empty text. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const found = similar(typed, names);
  return found.length === 0 ? '' : `did you mean ${found.join(' or ')}?`;
}

/** The number may be missing, or may be the only error. */
function errorsIn(typed: string, name: string): number {
  const withoutNumber = name.replace(/^[0-9]+_/, '');
  if (typed.length > 2 && withoutNumber.includes(typed)) return 0;
  return Math.min(
    distance(typed, name),
    distance(typed.replace(/^[0-9]+_/, ''), withoutNumber) + (/^[0-9]/.test(typed) ? 1 : 0),
  );
}
