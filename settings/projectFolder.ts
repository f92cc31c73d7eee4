import path from 'node:path';

/** The folder of the project: above dist/ when compiled. What isn't compiled (SQL files) lies there. */
export const projectFolder =
  path.basename(path.dirname(__dirname)) === 'dist'
    ? path.resolve(__dirname, '../..')
    : path.resolve(__dirname, '..');
