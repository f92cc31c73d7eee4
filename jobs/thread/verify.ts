import type { VerifyContext } from '../context/index';
import { contextFor } from '../context/looking';
import { NotVerified } from '../context/notVerified';

/**
 * Calls a job's verify(). It passes when it returns nothing or 0.
 * @throws NotVerified when it returns another number of rows, or something that is no number of rows;
 *   what verify() throws
 */
export async function verifyJob(
  verify: (job: VerifyContext) => unknown,
  context: VerifyContext,
): Promise<void> {
  const returned = await verify(contextFor('verify', context));
  if (returned === undefined) return;
  const rows = countOf(returned);
  if (rows === undefined) {
    throw new NotVerified(
      `verify() returned ${kindOf(returned)}: return the number of rows that are not done (0: none), as Number(count), or throw`,
    );
  }
  if (rows > 0n) {
    throw new NotVerified(
      `verify() found ${rows} ${rows === 1n ? 'row that is' : 'rows that are'} not done`,
    );
  }
}

/** A count of rows; undefined for anything else. */
function countOf(returned: unknown): bigint | undefined {
  if (typeof returned === 'bigint') return returned >= 0n ? returned : undefined;
  return Number.isSafeInteger(returned) && Number(returned) >= 0
    ? BigInt(Number(returned))
    : undefined;
}

/** The value itself could be a row's. */
function kindOf(returned: unknown): string {
  if (returned === null) return 'null';
  if (Array.isArray(returned)) return 'a list';
  if (typeof returned === 'number' || typeof returned === 'bigint') {
    return 'a number that is no count of rows';
  }
  return typeof returned === 'string' ? 'text' : `a value of type ${typeof returned}`;
}
