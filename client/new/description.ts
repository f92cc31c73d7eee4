import { isJobName } from '../../settings/migrationName';
import { UsageError } from '../../settings/usageError';

/**
 * 'Backfill e-mail (lower)' → 'backfill_e_mail_lower'.
 * @throws UsageError when the result is empty or too long
 */
export function slug(description: string): string {
  if (/[/\\]|\.\./.test(description)) {
    throw new UsageError(
      'a description is a few words, not a path: npx lrm new backfill_email_lower',
    );
  }
  const words = description
    .normalize('NFKD')
    .toLowerCase()
    // normalize() has split 'é' into 'e' and an accent.
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  if (words === '') {
    throw new UsageError('a description needs letters a to z: npx lrm new backfill_email_lower');
  }
  if (!isJobName(`0000_${words}`) || words.length > LENGTH_AT_MOST) {
    throw new UsageError(
      `a description has at most ${LENGTH_AT_MOST} characters; type a shorter one`,
    );
  }
  return words;
}

/** File systems allow names of 255 bytes, and drizzle-kit and the endings make them longer. */
const LENGTH_AT_MOST = 100;
