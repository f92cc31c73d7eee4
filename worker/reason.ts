import { explainTemporal } from '../activities/explainTemporal';
import { explainPostgres } from '../drizzle/explainPostgres';
import { plainText } from '../settings/plainText';

/**
 * Why something does not answer, in one line: the text that `lrm` shows, too. The message of an
 * unexpected error may hold row values: only class and code are shown.
 */
export function reason(error: unknown): string {
  const line = explainTemporal(error) ?? explainPostgres(error);
  if (line) return plainText(line);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `${error.name} (${code})` : error.name;
}
