import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The process at the other end of a local connection. Undefined: it has ended. Needs Linux.
 * @param port of that end
 * @param pids of the processes that may have it
 */
export function processAtPort(port: number, pids: readonly number[]): number | undefined {
  const inode = inodeOf(port);
  if (inode === undefined) return undefined;
  return pids.find((pid) => sockets(pid).includes(`socket:[${inode}]`));
}

/** In /proc/net/tcp: its local address in hexadecimal digits is the second word, its inode the tenth. */
function inodeOf(port: number): string | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = readFileSync(file, 'utf8').split('\n').slice(1);
    const words = lines.map((line) => line.trim().split(/\s+/));
    const found = words.find(([, address]) => address?.endsWith(local));
    if (found) return found[9];
  }
  return undefined;
}

function sockets(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).map((name) => {
      try {
        return readlinkSync(`${folder}/${name}`);
      } catch {
        return '';
      }
    });
  } catch {
    // It has ended.
    return [];
  }
}
