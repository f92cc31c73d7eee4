import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../settings/usageError';
import { slug } from './description';
import { addDrizzleMigration } from './drizzleKit';
import { nextNumber } from './number';
import { jobTemplate, registrationTemplate, testTemplate } from './templates';

/** The new files. Paths are relative to the project. */
export interface Scaffold {
  readonly name: string;
  readonly job: string;
  readonly registration: string;
  readonly test: string;
}

/**
 * Makes a new job, the Drizzle migration that registers it, and its test.
 * @throws UsageError; then no file was made
 */
export function scaffold(project: string, description: string): Scaffold {
  if (!existsSync(path.join(project, 'jobs', 'context'))) {
    throw new UsageError(
      'npx lrm new needs a development checkout: there is no folder jobs/ with sources here',
    );
  }
  const words = slug(description);
  const name = `${nextNumber(project)}_${words}`;
  // This comes first, because it can fail.
  const registration = addDrizzleMigration(project, `register_${name}`);
  writeFileSync(registration, registrationTemplate(name));
  const date = new Date().toISOString().slice(0, 10);
  const job = path.join(project, 'jobs', `${name}.ts`);
  writeFileSync(job, jobTemplate(date), { flag: 'wx' });
  const test = path.join(project, 'test', 'jobs', `${name}.test.ts`);
  mkdirSync(path.dirname(test), { recursive: true });
  writeFileSync(test, testTemplate(name), { flag: 'wx' });
  const relative = (file: string) => path.relative(project, file);
  return {
    name,
    job: relative(job),
    registration: relative(registration),
    test: relative(test),
  };
}
