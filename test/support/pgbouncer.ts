import { afterAll } from '@jest/globals';
import { type PgBouncerSettings, runPgBouncer } from './pgbouncerProcess';

export { hasPgBouncer } from './pgbouncerProcess';

/**
 * Starts the real PgBouncer in front of a database, as one that all may use. It is ended after the file.
 * @returns the database's URL through it
 */
export async function startPgBouncer(
  databaseUrl: string,
  settings: PgBouncerSettings,
): Promise<string> {
  const { port, stop } = await runPgBouncer(databaseUrl, settings);
  started.push(stop);
  const url = new URL(databaseUrl);
  url.port = String(port);
  return url.href;
}

const started: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(started.map((stop) => stop()));
});
