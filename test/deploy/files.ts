import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { createProgram } from '../../client/program';
import { projectFolder } from '../../settings/projectFolder';

/** A file of this checkout. */
export const inProject = (...parts: string[]): string => path.join(projectFolder, ...parts);

export const read = (file: string): string => readFileSync(inProject(file), 'utf8');

/** The first document of a YAML file, with its merges (`<<`) done. */
export function readYaml<T>(file: string): T {
  const [document] = parseAllDocuments(read(file), { merge: true });
  if (!document) throw new Error(`${file} is empty`);
  if ('errors' in document && document.errors[0]) throw document.errors[0];
  return (document as { toJS(): unknown }).toJS() as T;
}

/** The names of all commands of `lrm`. */
export const lrmCommands = (): readonly string[] =>
  createProgram().commands.map((command) => command.name());

/** '20s' → 20. */
export function secondsOf(text: string): number {
  const [, count, unit] = /^(\d+)(s|m)$/.exec(text) ?? [];
  if (!count) throw new Error(`'${text}' is not a number of seconds or minutes`);
  return Number(count) * (unit === 'm' ? 60 : 1);
}

/** What a worker needs from SIGTERM to SIGKILL: LRM_STOP_GRACE, and 5 seconds to hand over. Seconds. */
export const GRACE = 15;
