import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../settings/usageError';

/** In the working folder: a full path would exceed what a socket's name may have (107 bytes). */
const SOCKET = 'lock';

/** Keeps the working folder for one start of the dev servers at a time. */
export interface FolderLock {
  /** From now on others wait for the end instead of being refused. */
  stopping(): void;
  release(): void;
}

/**
 * Takes the lock: a listening socket, which the system closes when its process ends in whatever
 * way. (A file with a process number would outlive a crash.) Waits for a holder that is stopping.
 * @throws UsageError when another start is running in this folder.
 */
export async function lockFolder(): Promise<FolderLock> {
  for (;;) {
    const holder = await askHolder();
    if (holder === 'running') {
      throw new UsageError('npm start is running in this folder already: use that one, or stop it');
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

/** What the holder of the lock says it does; undefined: nobody holds it. */
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
