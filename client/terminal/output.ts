/**
 * The answer goes to standard output: text, or with --json one JSON value and nothing else.
 * Warnings and errors go to standard error, one line for each. With --json each line is an object:
 * `{"warning": …}` or `{"error": …}`.
 */
export const asJson = process.argv.includes('--json');

/** Prints a line for a person. */
export function say(text: string): void {
  if (!asJson) console.log(text);
}

/** Prints the JSON for a script. A command calls it once. */
export function answer(value: unknown): void {
  if (asJson) console.log(JSON.stringify(value, null, 2));
}

/** Prints something to know besides the answer. */
export function warn(text: string): void {
  console.error(asJson ? JSON.stringify({ warning: text }) : `lrm: ${text}`);
}

/** Prints why the answer is missing or incomplete. */
export function complain(text: string): void {
  console.error(asJson ? JSON.stringify({ error: text }) : `lrm: ${text}`);
}
