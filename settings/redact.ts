/** Replaces secrets in a text. */
export type Redact = (text: string) => string;

/** Shorter ones are no secrets, and parts of many words. Characters. */
const SHORTEST = 4;
const HIDDEN = '***';

/**
 * The password in a URL, whosever it is. In a text that was cut, the end of the URL may be missing.
 * A number alone is a port.
 */
const IN_URLS =
  /(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/?#@]{0,200}:)(?!\d+(?:[/?#\s]|$))(?:[^\s/]*(?=@)|[^\s/@…]+(?=…?$))/gi;
/** ?password=…, ?sslpassword=… */
const IN_QUERIES = /([?&](?:ssl)?password=)[^&\s]+/gi;

/** Texts from this length on may have been cut: the shortest limit is 1000. Characters. */
const MAY_BE_CUT = 900;

/**
 * Makes a function that replaces these secrets, and passwords within URLs, by `***`. Where a text was
 * cut, what is left of a secret at its end is replaced, too.
 * @example
 * redactor(['hunter22'])('login hunter22 at postgres://app:other@db/app');
 * // 'login *** at postgres://app:***@db/app'
 */
export function redactor(secrets: readonly string[]): Redact {
  const known = [...new Set(secrets)].filter((each) => each.trim().length >= SHORTEST);
  // The longest first: a URL holds its password.
  known.sort((one, other) => other.length - one.length);
  const pattern = known.length > 0 ? new RegExp(known.map(toPattern).join('|'), 'g') : undefined;
  return (text) => {
    const whole = pattern ? text.replace(pattern, HIDDEN) : text;
    return withoutCut(whole, text, known)
      .replace(IN_URLS, `$1${HIDDEN}`)
      .replace(IN_QUERIES, `$1${HIDDEN}`);
  };
}

/** Line ends become spaces where a text is made to fit one line. */
const toPattern = (secret: string): string =>
  secret
    .trim()
    .split(/\s+/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'))
    .join('\\s+');

function withoutCut(text: string, before: string, secrets: readonly string[]): string {
  const mark = before.endsWith('…') ? '…' : '';
  if (mark === '' && before.length < MAY_BE_CUT) return text;
  const end = text.slice(0, text.length - mark.length);
  const cut = secrets.map((each) => commonEnd(end, each)).reduce((a, b) => Math.max(a, b), 0);
  return cut < SHORTEST ? text : `${end.slice(0, end.length - cut)}${HIDDEN}${mark}`;
}

/** How many characters at the end of a text are the beginning of the secret. */
function commonEnd(text: string, secret: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}
