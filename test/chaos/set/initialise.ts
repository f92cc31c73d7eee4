import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { connect } from '../../../drizzle/connect';
import { unprivileged } from '../../../worker/local/postgres/unprivileged';
import { type PostgresServer, postgresProgram } from './postgresServer';

const execute = promisify(execFile);

/** Of the superuser, and of the role as which workers and operators log in. */
export interface Passwords {
  readonly postgres: string;
  readonly app: string;
}

export const newPasswords = (): Passwords => ({
  postgres: randomBytes(24).toString('base64url'),
  app: randomBytes(24).toString('base64url'),
});

/** Makes an empty data folder. */
export async function initialise(data: string, passwords: Passwords): Promise<void> {
  const file = `${data}.password`;
  writeFileSync(file, passwords.postgres, { mode: 0o600 });
  const [command = '', ...args] = unprivileged([
    postgresProgram('initdb'),
    ...['-D', data, '--username=postgres', `--pwfile=${file}`, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-sync'],
  ]);
  try {
    await execute(command, args);
  } finally {
    rmSync(file);
  }
}

/** Makes the role `app` and its database `app`. */
export async function createApplication(
  { url }: PostgresServer,
  { app }: Passwords,
): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = 'postgres';
  const sql = connect(maintenance.href, { max: 1, applicationName: 'chaos start' });
  try {
    // A utility statement takes no parameters. The password has no quote in it.
    await sql.unsafe(`create role app login password '${app}'`);
    await sql`create database app owner app`;
  } finally {
    await sql.end();
  }
}
