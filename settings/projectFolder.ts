import path from 'node:path';

/** The project's folder, also for compiled code in dist/. Files that are not compiled (SQL) are there. */
export const projectFolder =
  path.basename(path.dirname(__dirname)) === 'dist'
    ? path.resolve(__dirname, '../..')
    : path.resolve(__dirname, '..');
