import { isName } from '../../jobs/catalog';
import { UsageError } from '../../settings/usageError';

/**
 * 'Backfill e-mail (lower)' → 'backfill_e_mail_lower'.
 * @throws UsageError when nothing is left of it, or too much
 */
export function slug(description: string): string {
  if (/[/\\]|\.\./.test(description)) {
    throw new UsageError('a description is a few words, no path: npx lrm new backfill_email_lower');
  }
  const words = description
    .normalize('NFKD')
    .toLowerCase()
    // 'é' has become 'e' and an accent.
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  if (words === '') {
    throw new UsageError('a description needs letters a to z: npx lrm new backfill_email_lower');
  }
  if (!isName(`0000_${words}`) || words.length > LENGTH_AT_MOST) {
    throw new UsageError(`a description has ${LENGTH_AT_MOST} characters at most`);
  }
  return words;
}

/** File systems take 255 bytes for a name, and drizzle-kit and the endings add to it. */
const LENGTH_AT_MOST = 100;
