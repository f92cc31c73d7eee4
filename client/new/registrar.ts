import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Application } from '../../settings/application';
import { addDrizzleMigration, drizzleFolder } from './drizzleKit';
import { registrationSql } from './registration';
import { prismaFile, sqlFile } from './sqlFiles';

/** Adds registrations in the way of the application's own migrations. */
export interface Registrar {
  /** The folder of those migrations; undefined when they are not in files that we know. */
  readonly folder: string | undefined;
  /** Writes the migration. Returns the path of its file, or undefined: it is only printed. */
  register(name: string): string | undefined;
}

/** @throws UsageError when lrm.config names what is not there */
export async function openRegistrar({ folder, config }: Application): Promise<Registrar> {
  const registrations = config.registrations ?? { kind: 'print' };
  switch (registrations.kind) {
    case 'drizzle': {
      const file = path.resolve(folder, registrations.config ?? 'drizzle.config.ts');
      const migrations = await drizzleFolder(folder, file);
      return {
        folder: migrations,
        register: (name) => addDrizzleMigration(folder, file, migrations, name),
      };
    }
    case 'prisma':
      return inFiles(path.resolve(folder, registrations.folder ?? 'prisma/migrations'), prismaFile);
    case 'sql':
      return inFiles(path.resolve(folder, registrations.folder), sqlFile);
    case 'print':
      return { folder: undefined, register: () => undefined };
  }
}

const inFiles = (folder: string, fileOf: (folder: string, name: string) => string): Registrar => ({
  folder,
  register: (name) => {
    const file = fileOf(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, registrationSql(name), { flag: 'wx' });
    return file;
  },
});
