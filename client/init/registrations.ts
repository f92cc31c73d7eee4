import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Layout } from '../application/layout';

/** Where plain SQL migrations often are. */
const SQL_FOLDERS = ['migrations', 'db/migrations', 'sql/migrations', 'database/migrations'];

/** `registrations` of lrm.config, as its text: how this application's migrations are written. */
export function findRegistrations({ folder, drizzleConfig, prisma }: Layout): string {
  if (drizzleConfig) {
    const config = drizzleConfig === 'drizzle.config.ts' ? '' : `, config: './${drizzleConfig}'`;
    return `{ kind: 'drizzle'${config} }`;
  }
  if (prisma) return `{ kind: 'prisma' }`;
  const sql = SQL_FOLDERS.find((each) => hasSql(path.join(folder, each)));
  return sql ? `{ kind: 'sql', folder: './${sql}' }` : `{ kind: 'print' }`;
}

const hasSql = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.sql'));
