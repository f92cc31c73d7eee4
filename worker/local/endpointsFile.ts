import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type LocalEndpoints, localEndpointsFile } from '../../settings/settings';

/**
 * Writes the file from which `lrm` in other terminals learns where the dev servers are. Only its
 * owner can read it: it holds the password.
 */
export function writeEndpoints(endpoints: LocalEndpoints): void {
  const unfinished = `${localEndpointsFile}.new`;
  writeFileSync(unfinished, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  // In one step, so that a reader sees the whole file or none.
  renameSync(unfinished, localEndpointsFile);
}

/** Removes the file from the folder of the dev servers. */
export function removeEndpoints(folder: string): void {
  rmSync(path.join(folder, path.basename(localEndpointsFile)), { force: true });
}
