/** The body of a transaction has sent COMMIT or ROLLBACK, which only the code around it may do. */
export class TransactionEnded extends Error {
  override readonly name = 'TransactionEnded';
  /** The driver's own errors about it have the same code. */
  readonly code = 'TRANSACTION_ENDED';
  constructor() {
    super(
      'the transaction ended before its COMMIT: one of its statements was a COMMIT or ROLLBACK. ' +
        'What it committed is not stored as done',
    );
  }
}
