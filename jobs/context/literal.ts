/** A value of the driver as text that Postgres reads as any type. */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** An inner array gets no quotes: with quotes it would be a text. */
function elementOf(value: unknown): string {
  const text = textOf(value);
  return text !== null && Array.isArray(value) ? text : element(text);
}

/** An array of texts as one literal. */
export function arrayLiteral(texts: readonly (string | null)[]): string {
  // Most arrays have neither NULLs nor escapes. Then one join() makes no string for each element,
  // which would be work for the garbage collector: a batch has tens of thousands of texts.
  for (const text of texts) {
    if (text === null || needsEscapes(text)) return `{${texts.map(element).join()}}`;
  }
  return texts.length === 0 ? '{}' : `{"${texts.join('","')}"}`;
}

/** Two searches for a character are faster than a regular expression: most texts hold neither. */
const needsEscapes = (text: string): boolean => text.includes('"') || text.includes('\\');

function element(text: string | null): string {
  if (text === null) return 'NULL';
  return needsEscapes(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
