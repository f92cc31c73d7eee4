import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { type LocalEndpoints, localEndpointsFile } from '../../settings/settings';

/** Tells `lrm` in other terminals where the dev servers are. Its owner's alone: it holds the password. */
export function writeEndpoints(endpoints: LocalEndpoints): void {
  const unfinished = `${localEndpointsFile}.new`;
  writeFileSync(unfinished, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  // In one step: a reader sees all of it or none.
  renameSync(unfinished, localEndpointsFile);
}

export function removeEndpoints(): void {
  rmSync(localEndpointsFile, { force: true });
}
