import { arrayLiteral, textOf } from './literal';
import { requireValue, type Target } from './targets';

/** The key and the new values of one row. Undefined means that a value is not given. */
type Row = Readonly<Record<string, unknown>>;

/**
 * One column of all rows as an array literal. A batch has tens of thousands of values, so most of
 * them are handled without a call and without a string of their own.
 */
export function columnLiteral({ property, toDriver }: Target, rows: readonly Row[]): string {
  const texts: (string | null)[] = [];
  // Texts that an array literal takes without quotes.
  let bare = true;
  for (const row of rows) {
    const given = row[property];
    const value = toDriver && given !== null ? toDriver(given) : given;
    const type = typeof value;
    if (type === 'string') {
      texts.push(value as string);
      bare = false;
    } else if (type === 'bigint' || type === 'number' || type === 'boolean') {
      texts.push(String(value));
    } else {
      const text = textOf(requireValue(value));
      texts.push(text);
      if (text !== null) bare = false;
    }
  }
  return bare ? `{${texts.map((text) => text ?? 'NULL').join()}}` : arrayLiteral(texts);
}
