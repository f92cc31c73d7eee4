import { scryptSync } from 'node:crypto';

/** A function for job.map: a few milliseconds of a processor for each row. */
export default function hash({ id, email }: { id: bigint; email: string }) {
  return { id, emailLower: scryptSync(email, 'salt', 32, { N: 1024 }).toString('hex') };
}
