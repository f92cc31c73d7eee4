import path from 'node:path';
import type { Application } from '../../settings/application';
import { jobFile, type Layout, testFile } from '../application/layout';
import { createFiles } from '../application/newFiles';
import { slug } from './description';
import { jobText, type NewMigration, testText } from './files';
import type { Kind } from './kinds/kind';
import { nextNumber } from './number';
import { openRegistrar } from './registrar';

/** The new files. Paths are relative to the application. */
export interface Scaffold {
  readonly name: string;
  readonly job: string;
  /** Null: it is in no file, but only printed. */
  readonly registration: string | null;
  readonly test: string;
}

/**
 * Makes a new job, the migration of the application that registers it, and its test.
 * @throws UsageError; then no file was made
 */
export async function scaffold(
  application: Application,
  layout: Layout,
  description: string,
  kind: Kind,
): Promise<Scaffold> {
  const { folder, config } = application;
  const words = slug(description);
  const registrar = await openRegistrar(application);
  const jobs = path.normalize(config.jobs ?? 'jobs');
  const name = `${nextNumber(path.resolve(folder, jobs), registrar.folder)}_${words}`;
  const job = jobFile(layout, jobs, name);
  const test = testFile(layout, jobs, name);
  const migration: NewMigration = {
    layout,
    name,
    kind,
    example: { table: `example_${name.slice(0, 4)}`, schema: config.drizzleSchema },
    date: new Date().toISOString().slice(0, 10),
  };
  const files = [
    { file: job, text: jobText(migration) },
    { file: test, text: testText(migration) },
  ];
  const registration = createFiles(folder, files, () => registrar.register(name));
  return {
    name,
    job,
    registration: registration ? path.relative(folder, registration) : null,
    test,
  };
}
