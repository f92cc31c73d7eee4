import path from 'node:path';
import { compiledCode } from './testServers';

/**
 * The command that runs a script of this project. In jest with what was compiled before: see
 * quickStart.cjs.
 */
export function startOf(script: string, ...args: string[]): string[] {
  const folder = compiledCode();
  const quick = folder === undefined ? [] : [path.join(__dirname, 'quickStart.cjs'), folder];
  return [process.execPath, ...quick, script, ...args];
}
