import type { TransactionSql } from './connect';

/** A query of postgres.js, with `within` from our patch: whether it was sent inside a transaction. */
interface Sent {
  readonly within?: boolean;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** A failed transaction takes no statement but its end. So the session is still inside of it. */
const IN_FAILED_TRANSACTION = '25P02';

/**
 * Finds out whether the body of a transaction has ended it. The driver's COMMIT notices that by
 * itself. After an error there is only a ROLLBACK, and the error may be one after which the body is
 * called again: a deadlock, or a wrong value. Its work would be done twice.
 */
export class StatementWatch {
  #ended = false;
  #failed = false;

  /** True once a statement of the body is known to have ended the transaction. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Watches one statement. The driver settles it by these two functions. */
  statement<Q>(query: Q, onError: (error: unknown) => void = () => {}): Q {
    const sent = query as unknown as Sent;
    const { resolve, reject } = sent;
    sent.resolve = (result) => {
      if (sent.within === false || endsTransaction(result)) this.#ended = true;
      resolve(result);
    };
    sent.reject = (error) => {
      this.#failed = true;
      onError(error);
      reject(error);
    };
    return query;
  }

  /** Runs the body. If anything failed, asks whether the session is still in the transaction. */
  async around<T>(client: TransactionSql, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      if (this.#failed && !this.#ended) this.#ended = !(await isInside(client));
    }
  }
}

/** COMMIT AND CHAIN begins the next transaction at once. ROLLBACK may be one to a savepoint. */
function endsTransaction(result: unknown): boolean {
  const results = [result, ...(Array.isArray(result) ? result : [])];
  return results.some((each) =>
    ['COMMIT', 'PREPARE TRANSACTION'].includes(
      (each as { command?: string } | null)?.command ?? '',
    ),
  );
}

/** Somebody may cancel the question itself. Then the next answer is sure. */
const QUESTIONS = 3;

async function isInside(client: TransactionSql): Promise<boolean> {
  for (let asked = 0; asked < QUESTIONS; asked++) {
    const query = client.unsafe('select 1').simple();
    try {
      await query;
      return (query as unknown as Sent).within !== false;
    } catch (error) {
      const code = String((error as { code?: unknown }).code);
      // A lost session has rolled back what it had not committed.
      if (code === IN_FAILED_TRANSACTION || code.startsWith('CONNECTION_')) return true;
    }
  }
  return false;
}
