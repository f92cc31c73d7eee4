import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../settings/usageError';

/** Relative to the working folder: the name of a socket may have 107 bytes at most. */
const SOCKET = 'lock';

/** Makes sure that the dev servers are started only once at a time in the working folder. */
export interface FolderLock {
  /** From now on, another start waits for the end. Until now it was refused. */
  stopping(): void;
  release(): void;
}

/**
 * Takes the lock: a listening socket, which the system closes however its process ends. (A file
 * with a process ID would outlive a crash.) Waits for a holder that is stopping.
 * @throws UsageError when the dev servers are already running in this folder.
 */
export async function lockFolder(): Promise<FolderLock> {
  for (;;) {
    const holder = await askHolder();
    if (holder === 'running') {
      throw new UsageError(
        'the dev servers are already running in this folder: use those, or stop them first',
      );
    }
    if (holder === 'stopping') {
      await sleep(100);
      continue;
    }
    rmSync(SOCKET, { force: true });
    return hold();
  }
}

async function hold(): Promise<FolderLock> {
  let state = 'running';
  const server: Server = createServer((socket) => socket.end(state));
  server.listen(SOCKET);
  await once(server, 'listening');
  server.unref();
  return {
    stopping: () => {
      state = 'stopping';
    },
    release: () => server.close(),
  };
}

/** The state of the lock's holder; undefined when nobody holds the lock. */
async function askHolder(): Promise<string | undefined> {
  const socket = createConnection(SOCKET);
  try {
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  } catch {
    return undefined;
  }
}
