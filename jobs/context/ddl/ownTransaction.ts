/**
 * A build waits for all older transactions, and this one is the job's own, which waits for the build.
 * Not final: a slow batch beside the build may look the same.
 */
export class OwnTransaction extends Error {
  override readonly name = 'OwnTransaction';
  constructor() {
    super(
      'the statement waits for a transaction of this job that does nothing, and would wait for ever: ' +
        'end the transaction first',
    );
  }
}
