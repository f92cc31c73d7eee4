/**
 * How commands speak. Standard output has the answer: text, or with --json one JSON value and
 * nothing else. Standard error has what else there is to know: a line each, with --json an object
 * each, `{"warning": …}` or `{"error": …}`.
 */
export const asJson = process.argv.includes('--json');

/** A line for a person. */
export function say(text: string): void {
  if (!asJson) console.log(text);
}

/** What a script gets instead. Once a command. */
export function answer(value: unknown): void {
  if (asJson) console.log(JSON.stringify(value, null, 2));
}

/** What should be known besides the answer. */
export function warn(text: string): void {
  console.error(asJson ? JSON.stringify({ warning: text }) : `lrm: ${text}`);
}

/** Why there is no answer, or not all of it. */
export function complain(text: string): void {
  console.error(asJson ? JSON.stringify({ error: text }) : `lrm: ${text}`);
}
