import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Sql } from '../../../drizzle/connect';
import type { Random } from '../random';
import { errorText } from './errorText';
import { type Account, transact } from './foregroundTransaction';
import type { Piece } from './piece';

/** An error that the application has met. */
export interface ForegroundError {
  /** Milliseconds since 1970: when its transaction began, and when it failed. */
  readonly from: number;
  readonly at: number;
  /** The code of Postgres or of the connection, else the message. */
  readonly code: string;
}

/** The application's own load on the tables that are walked. */
export interface Foreground {
  /** By table. */
  readonly accounts: ReadonlyMap<string, Account>;
  readonly errors: readonly ForegroundError[];
  stop(): Promise<void>;
}

/** Sessions. Each has rows of its own, so none depends on what another one does. */
const SESSIONS = 3;

/** The application name of its sessions. */
export const FOREGROUND = 'foreground';

/**
 * Starts it: it updates a column that no migration writes, and inserts and deletes rows of its own.
 * @param url of the primary at the moment
 * @param pieces whose tables there are; it takes the last ones
 */
export function startForeground(
  url: () => string,
  pieces: () => readonly Piece[],
  random: Random,
): Foreground {
  const errors: ForegroundError[] = [];
  const accounts = new Map<string, Account>();
  let stopped = false;

  const session = async (number: number): Promise<void> => {
    const numbers = random.fork(`session ${number}`);
    let current = '';
    let sql: Sql | undefined;
    while (!stopped) {
      await sleep(numbers.integer(5, 40));
      const recent = pieces().slice(-LIVELY);
      if (recent.length === 0) continue;
      if (current !== url() || !sql) {
        void sql?.end({ timeout: 0 }).catch(() => {});
        current = url();
        sql = connect(current, { max: 1, applicationName: FOREGROUND });
      }
      const from = Date.now();
      try {
        const piece = numbers.pick(recent);
        const account = accountOf(accounts, piece.table);
        await transact(sql, piece, account, { number, of: SESSIONS }, numbers);
      } catch (error) {
        errors.push({ from, at: Date.now(), code: errorText(error) });
        await sleep(200);
      }
    }
    await sql?.end({ timeout: 5 });
  };
  const going = Promise.all(Array.from({ length: SESSIONS }, (_, number) => session(number)));
  going.catch(() => {});
  return {
    accounts,
    errors,
    stop: async () => {
      stopped = true;
      await going;
    },
  };
}

/** Of the last so many tables, most are still walked. */
const LIVELY = 14;

function accountOf(accounts: Map<string, Account>, table: string): Account {
  const account = accounts.get(table) ?? { added: 0, doubtful: 0, rows: new Map() };
  accounts.set(table, account);
  return account;
}
