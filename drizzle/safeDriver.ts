import type { Sql } from './connect';

/** The driver would let a transaction's statements take effect outside of it. */
export class UnsafeDriver extends Error {
  override readonly name = 'UnsafeDriver';
  constructor() {
    super(
      'postgres.js is not patched: statements of a transaction whose session was lost would be ' +
        'committed outside of it; reinstall this package, or in a checkout of it: npm run prepare',
    );
  }
}

/**
 * Tries what postgres.js as published gets wrong: when a session is lost inside a transaction, the
 * transaction's next statements must fail. There they run on another session and take effect, so
 * that a batch could be done twice.
 * @throws UnsafeDriver when they do not fail
 */
export async function requireSafeDriver(sql: Sql): Promise<void> {
  const outcome = await sql
    .begin(async (tx) => {
      // Its answer is the end of the session.
      await tx`select pg_terminate_backend(pg_backend_pid())`.catch(() => {});
      await tx`select 1`;
    })
    .then(
      () => 'committed',
      () => 'failed',
    );
  if (outcome === 'committed') throw new UnsafeDriver();
}
