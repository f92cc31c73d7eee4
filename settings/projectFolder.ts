import path from 'node:path';

/** The folder of this package: our sources lie in folders of it, what is built in its dist/. */
export const projectFolder = path.resolve(__dirname, '..');

/** A file that the build has made: a process of ours, or what is loaded by its path. */
export const built = (file: string): string => path.join(projectFolder, 'dist', file);
