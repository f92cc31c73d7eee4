import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../../../settings/projectFolder';
import type { Piece } from './piece';
import { PRELUDE, type Shape } from './shape';
import { SHAPES } from './shapes';

/** Makes a folder of jobs with the file of each shape. Those that depend get theirs later. */
export function createJobs(folder: string): void {
  mkdirSync(folder, { recursive: true });
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  for (const shape of SHAPES.filter(({ depends }) => !depends)) {
    writeFileSync(path.join(folder, `${jobName(shape)}.js`), `${PRELUDE}${shape.source}\n`);
  }
}

/** Of the shape's file: '0001_one_lane'. */
export const jobName = (shape: Shape): string =>
  `${number(SHAPES.indexOf(shape) + 1)}_${shape.name}`;

/** Writes the file of a job that waits for another migration. @returns the job's name */
export function writeDependent(folder: string, shape: Shape, count: number, on: Piece): string {
  const name = `${number(1_000 + count)}_${shape.name}`;
  const source = [
    PRELUDE,
    `exports.dependsOn = [${JSON.stringify(on.name)}];`,
    `const DEPENDENCY_TABLE = ${JSON.stringify(on.table)};`,
    shape.source,
  ];
  writeFileSync(path.join(folder, `${name}.js`), `${source.join('\n')}\n`);
  return name;
}

const number = (n: number): string => String(n).padStart(4, '0');
