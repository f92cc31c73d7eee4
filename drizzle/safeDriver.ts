import type { Sql, TransactionSql } from './connect';

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
 * transaction's next statements must fail. There they run on the session that takes its place in the
 * pool, and take effect, so that a batch could be done twice.
 * @param sql a pool of one connection, so that the place is taken by the next statement
 * @throws UnsafeDriver when they do not fail; what connecting throws
 */
export async function requireSafeDriver(sql: Sql): Promise<void> {
  let sent: Promise<boolean> | undefined;
  const transaction = sql.begin((tx) => {
    sent = sendsAfterLoss(sql, tx);
    return sent;
  });
  await transaction.catch((error) => {
    if (!sent) throw error;
  });
  if (await sent) throw new UnsafeDriver();
}

async function sendsAfterLoss(sql: Sql, tx: TransactionSql): Promise<boolean> {
  // The server ends the session, which needs no right, unlike pg_terminate_backend().
  await tx`set local idle_in_transaction_session_timeout = '1ms'`;
  // It waits until the connection is free, and then opens the next session.
  await sql`select 1`;
  return tx`select 1`.then(
    () => true,
    () => false,
  );
}
