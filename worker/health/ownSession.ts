import { connect, type Sql } from '../../drizzle/connect';
import { checkServerAndTables } from './database';
import type { Finding } from './finding';

/**
 * A session for the checks alone: the worker's own pool may wait for its attempts, which is no
 * reason to call the database away. It opens at the first check.
 */
export class OwnSession {
  private sql: Sql | undefined;

  constructor(private readonly databaseUrl: string) {}

  /** @throws whatever connecting to the database throws */
  async check(): Promise<readonly Finding[]> {
    this.sql ??= connect(this.databaseUrl, {
      max: 1,
      applicationName: 'lrm worker',
      settings: { statement_timeout: '10s' },
    });
    try {
      return await checkServerAndTables(this.sql, ['worker']);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Ends the session, also one that hangs. The next check opens another. */
  end(): void {
    const ended = this.sql;
    this.sql = undefined;
    ended?.end({ timeout: 0 }).catch(() => {});
  }
}
