import { plainText } from '../../settings/plainText';
import { oneLine } from '../../settings/screenText';

/** A key may have any length. Characters. */
const AT_MOST = 200;

/** '42' or '("a b", 7)'. Anything but a plain word is quoted and escaped: it is the application's. */
export function keyText(key: readonly string[]): string {
  const parts = key.map((part) =>
    /^[\w.:+-]+$/.test(part) ? part : plainText(JSON.stringify(part)),
  );
  return oneLine(parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`, AT_MOST);
}
