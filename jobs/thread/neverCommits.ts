import type { TransactionSql } from '../../drizzle/connect';
import { TransactionEnded } from '../../drizzle/transactionEnded';
import { JobUsageError } from '../context/jobUsageError';

const LAST_TABLE = 'lrm_dry_run_never_commits';
/**
 * A transaction that has made these tables can't be committed, whoever sends the COMMIT: Postgres
 * finds out then that it can't empty the first one without the other. They go with the ROLLBACK. A
 * violated constraint would do the same, but SET CONSTRAINTS ALL IMMEDIATE would find it, too.
 */
const NEVER_COMMITS = `
  create temporary table lrm_dry_run (id integer primary key) on commit delete rows;
  create temporary table ${LAST_TABLE} (id integer references pg_temp.lrm_dry_run)`;

const CURRENT = 'select pg_current_xact_id_if_assigned()::text as id';

/** Keeps one transaction from being committed. */
export class Guard {
  /** The transaction that can't be committed. */
  #guarded: Promise<unknown> | undefined;
  #began = 0;
  /** How long it took to make it so. Milliseconds. */
  ms = 0;

  constructor(
    private readonly tx: TransactionSql,
    private readOnly: boolean,
  ) {}

  /**
   * To be called before each statement of the body. The driver sends them in this order. Before the
   * first one, since SET TRANSACTION has to come before all others.
   */
  before(text: string): void {
    if (!this.#guarded && SET_TRANSACTION.test(text)) {
      const mode = withoutComments(text);
      if (READ_WRITE.test(mode)) this.readOnly = false;
      if (READ_ONLY.test(mode)) this.readOnly = true;
      return;
    }
    refuseReadWrite(text);
    if (this.readOnly || this.#guarded) return;
    this.#began = performance.now();
    this.#guarded = this.#guard();
    // It is awaited when the body has ended, and a failure ends the body.
    this.#guarded.catch(() => {});
  }

  async #guard(): Promise<unknown> {
    // Sent at once, before anything that the body can send.
    const made = this.tx.unsafe(NEVER_COMMITS).simple().execute();
    const asked = this.tx.unsafe(CURRENT).execute();
    const [, [row]] = await Promise.all([made, asked]);
    this.ms = performance.now() - this.#began;
    return row?.['id'];
  }

  /** Fails, too, where the body has caught an error of Postgres, as storing its range would. */
  async requireSame(): Promise<void> {
    const [now] = await this.tx.unsafe(CURRENT);
    if (this.#guarded && (await this.#guarded) !== now?.['id']) throw new TransactionEnded();
  }
}

/** One statement: what follows it would not be guarded. */
const SET_TRANSACTION = /^\s*set\s+transaction\s[^;]*;?\s*$/i;
export const READ_WRITE = /\bread\s+write\b/i;
export const READ_ONLY = /\bread\s+only\b/i;

/** Whether it is the error of a COMMIT that the body has sent. Drizzle gives it as a cause. */
export const endedByItself = (error: unknown): boolean =>
  [error, (error as Error | null)?.cause].some((each) =>
    String((each as { detail?: unknown } | null | undefined)?.detail).includes(LAST_TABLE),
  );

const SETTING = /transaction_read_only/i;

/** In the job's own BEGIN, or in a setting: it would be committed. */
export function refuseReadWrite(text: string): void {
  if (![text, withoutComments(text)].some((each) => READ_WRITE.test(each) || SETTING.test(each)))
    return;
  throw new JobUsageError(
    'a dry run takes no statement with READ WRITE or transaction_read_only: it could not roll back what follows',
  );
}

const withoutComments = (text: string): string => text.replace(/\/\*.*?\*\/|--.*?$/gms, ' ');
