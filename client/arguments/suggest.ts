import { distance } from 'fastest-levenshtein';

/** More than that are a list, not a hint. */
const AT_MOST = 3;
/** Two typing errors, and in long names one for each so many characters. */
const TYPING_ERRORS = 2;
const CHARACTERS_AN_ERROR = 5;

/** Those of `names` that somebody who typed this may have meant, the likeliest first. */
export function similar(typed: string, names: readonly string[]): string[] {
  const allowed = Math.max(TYPING_ERRORS, Math.floor(typed.length / CHARACTERS_AN_ERROR));
  return names
    .map((name) => ({ name, errors: errorsIn(typed, name) }))
    .filter(({ errors }) => errors <= allowed)
    .sort((a, b) => a.errors - b.errors)
    .slice(0, AT_MOST)
    .map(({ name }) => name);
}

/** 'did you mean 0001_sample?', or nothing. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const found = similar(typed, names);
  return found.length === 0 ? '' : `did you mean ${found.join(' or ')}?`;
}

/** The number may have been left out, or be the only thing that is wrong. */
function errorsIn(typed: string, name: string): number {
  const withoutNumber = name.replace(/^[0-9]+_/, '');
  if (typed.length > 2 && withoutNumber.includes(typed)) return 0;
  return Math.min(
    distance(typed, name),
    distance(typed.replace(/^[0-9]+_/, ''), withoutNumber) + (/^[0-9]/.test(typed) ? 1 : 0),
  );
}
