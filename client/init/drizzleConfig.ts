import { readFileSync } from 'node:fs';
import { SCHEMA } from '../../drizzle/schema';

/** What an application's configuration of drizzle-kit says, as far as its text shows it. */
export interface DrizzleConfigText {
  /** The file of the tables, when it is one. */
  readonly schema: string | undefined;
  /** What to change, so that drizzle-kit leaves our objects alone; undefined: nothing. */
  readonly problem: string | undefined;
}

/** Reads the text only: to execute it may need a database, or settings that are not there. */
export function readDrizzleConfig(file: string, name: string): DrizzleConfigText {
  const text = readFileSync(file, 'utf8').replace(/\/\/.*$/gm, '');
  const schema = /["']?\bschema["']?\s*:\s*["'`]([^"'`*]+\.[cm]?[jt]s)["'`]/.exec(text)?.[1];
  return { schema, problem: filterProblem(text, name) };
}

/** Without a filter, drizzle-kit push looks at the schema public only. */
function filterProblem(text: string, name: string): string | undefined {
  const filter = /["']?\bschemaFilter["']?\s*:\s*(\[[^\]]*\]|["'`][^"'`]*["'`]|[^,\n]*)/.exec(text);
  if (!filter) return undefined;
  const value = filter[1] ?? '';
  if (/^[["'`]/.test(value)) {
    const patterns = [...value.matchAll(/["'`]([^"'`]*)["'`]/g)].map((match) => match[1] ?? '');
    if (!patterns.some(includesOurs)) return undefined;
  }
  return `${name}: schemaFilter must not include ${SCHEMA}, or drizzle-kit push drops our tables; list only schemas of your own: schemaFilter: ['public']`;
}

/** Whether a pattern of drizzle-kit, where * stands for anything, fits our schema. */
function includesOurs(pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(SCHEMA);
}
