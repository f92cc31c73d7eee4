/** Whether an optional package is installed, without loading it: some change the process that does. */
export function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
