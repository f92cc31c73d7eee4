import type { Target } from './targets';
import type { NewValues } from './updateRows';

/** Types of which equal values have equal texts, if the texts are written in this way. */
const ONE_TEXT: Readonly<Record<string, RegExp>> = {
  'pg_catalog.int2': /^(?:0|-?[1-9]\d*)$/,
  'pg_catalog.int4': /^(?:0|-?[1-9]\d*)$/,
  'pg_catalog.int8': /^(?:0|-?[1-9]\d*)$/,
  'pg_catalog.uuid': /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/,
};

/**
 * Whether all keys are different for sure, so that Postgres need not be asked. False means that two
 * may be equal: only Postgres knows that '1.0' and '1.00' are one number.
 */
export function surelyDistinct(keys: readonly Target[], rows: readonly NewValues[]): boolean {
  const forms = keys.map((key) => ({ key, form: ONE_TEXT[key.qualifiedType] }));
  const seen = new Set<string>();
  for (const row of rows) {
    let all = '';
    for (const { key, form } of forms) {
      const given = row[key.property];
      const text = String(key.toDriver && given !== null ? key.toDriver(given) : given);
      if (!form?.test(text)) return false;
      all += `${text},`;
    }
    seen.add(all);
  }
  return seen.size === rows.length;
}
