/**
 * The only `import()` of a job process. It stands in a file of its own, which Node itself compiles: a
 * script that comes from the code store can't import (see start/loadStored.ts).
 */
export const importModule = <T = Record<string, unknown>>(specifier: string): Promise<T> =>
  import(specifier);
