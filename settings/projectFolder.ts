import path from 'node:path';

/** The project's folder, even for compiled code in dist/: files like SQL are not compiled. */
export const projectFolder =
  path.basename(path.dirname(__dirname)) === 'dist'
    ? path.resolve(__dirname, '../..')
    : path.resolve(__dirname, '..');
