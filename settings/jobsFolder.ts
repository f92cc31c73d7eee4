import { opendirSync } from 'node:fs';

/**
 * What is wrong with the folder of jobs, as one line with what to do; undefined when nothing is. In a
 * container it often belongs to another user, whose mode 700 hides it.
 */
export function jobsFolderProblem(folder: string): string | undefined {
  try {
    opendirSync(folder).closeSync();
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES'
      ? `'${folder}' can't be read by the user of this process; type: chmod -R a+rX ${folder}`
      : `'${folder}' is not a folder; write the folder of your jobs, here or as jobs in lrm.config`;
  }
}
