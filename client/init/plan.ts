import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Application } from '../../settings/application';
import { packageManager } from '../../settings/packageManager';
import { jobFile, type Layout, testFile } from '../application/layout';
import type { NewFile } from '../application/newFiles';
import { depends } from '../application/packageJson';
import { configTemplate, helloTemplate, testTemplate } from '../application/templates';
import { readDrizzleConfig } from './drizzleConfig';
import { addScripts, type Edit, ignoreLocalFolder } from './edits';
import { findRegistrations } from './registrations';

/** What `lrm init` is going to do. */
export interface Plan {
  readonly create: readonly NewFile[];
  readonly edit: readonly Edit[];
  /** What the application's author has to do, if anything. */
  readonly notes: readonly string[];
  /** The test of the first job, if it is created. */
  readonly test: string | undefined;
}

export const HELLO = '0001_hello';

/** Looks at the application and decides. Writes nothing. */
export function plan({ folder, configFile }: Application, layout: Layout): Plan {
  const drizzle = layout.drizzleConfig
    ? readDrizzleConfig(path.join(folder, layout.drizzleConfig), layout.drizzleConfig)
    : undefined;
  const edits = [addScripts(folder), ignoreLocalFolder(folder)];
  const create = configFile ? [] : newFiles(folder, layout, drizzle?.schema);
  return {
    create,
    edit: edits.filter((each) => each !== undefined),
    notes: [...(drizzle?.problem ? [drizzle.problem] : []), ...missing(layout)],
    test: create.map(({ file }) => file).find((file) => file.includes('.test.')),
  };
}

function newFiles(folder: string, layout: Layout, schema: string | undefined): NewFile[] {
  const { build, language } = layout;
  const jobs = build?.sources === 'src' ? 'src/jobs' : 'jobs';
  const ending = language.typescript && !build?.changedByFilesAtRoot ? 'ts' : 'mjs';
  const config: NewFile = {
    file: `lrm.config.${ending}`,
    text: configTemplate(`./${jobs}`, findRegistrations(layout), schema),
  };
  // In a folder that has jobs already, a first one would only be in the way.
  if (hasJobs(path.join(folder, jobs))) return [config];
  return [
    config,
    { file: jobFile(layout, jobs, HELLO), text: helloTemplate(layout) },
    { file: testFile(layout, jobs, HELLO), text: testTemplate(layout, HELLO) },
  ];
}

const hasJobs = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((file) => /^[0-9]{4}_/.test(file));

/** Packages that the written files need. */
function missing({ folder, packageJson, language, runner }: Layout): string[] {
  const { add, addDev } = packageManager(folder);
  const notes: string[] = [];
  if (!depends('long-running-migrations', packageJson)) {
    notes.push(`package.json does not name the package yet; type: ${add} long-running-migrations`);
  }
  if (language.typescript && runner.name === 'node' && !depends('@types/node', packageJson)) {
    notes.push(`the test in TypeScript needs Node's types; type: ${addDev} @types/node`);
  }
  return notes;
}

/** Where the application's own build puts the compiled jobs, relative; undefined without a build. */
export function compiledJobs({ build }: Layout): string | undefined {
  if (!build?.output) return undefined;
  return path.join(build.output, 'jobs');
}
