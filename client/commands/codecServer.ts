import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Command } from 'commander';
import { readPayloadKeys } from '../../settings/payloadKeys';
import { localEndpoints } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import { createCodecServer } from '../codecServer/server';
import { say, warn } from '../terminal/output';

interface Options {
  readonly port: string;
  readonly host: string;
  readonly origin?: string[];
}

/** The Web UI of a dev server. */
const DEFAULT_ORIGINS = ['http://localhost:8233', 'http://127.0.0.1:8233'];

export function addCodecServer(program: Command): void {
  program
    .command('codec-server')
    .description("Shows encrypted payloads (LRM_PAYLOAD_KEY) in Temporal's Web UI and CLI.")
    .option('--port <port>', 'port to listen on', '8085')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--origin <origins...>', 'origins of the Web UIs (default: http://localhost:8233)')
    .addHelpText(
      'after',
      `
Answers POST /decode and /encode until Ctrl-C. Set its address in the Web UI, behind
the glasses at the top, or for all: temporal server start-dev
--ui-codec-endpoint http://127.0.0.1:8085. Whoever can send it requests can read
what is encrypted: LRM_CODEC_TOKEN, if set, must come with each request as
'Authorization: Bearer …'.

Examples:
  npx lrm codec-server
  npx lrm codec-server --port 8888 --origin https://temporal.example.com`,
    )
    .action(codecServer);
}

async function codecServer(options: Options): Promise<void> {
  const keys = readPayloadKeys();
  if (keys.byId.size === 0) {
    throw new UsageError('LRM_PAYLOAD_KEY is not set: there is nothing to decrypt with');
  }
  const origins = originsOf(options.origin);
  const token = process.env['LRM_CODEC_TOKEN'] || undefined;
  const end = ended();
  const server = createCodecServer({ keys, origins, token });
  server.listen(portOf(options.port), options.host);
  // Rejects when it can't listen.
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`can't listen on ${options.host}:${options.port} (${error.code})`);
  });
  const { address, port, family } = server.address() as AddressInfo;
  if (!isLoopback(address)) warn(exposed(address, token));
  const shown = family === 'IPv6' ? `[${address}]` : address;
  say(`codec server at http://${shown}:${port} for ${[...origins].join(', ')}; Ctrl-C ends it`);
  await end;
  server.close();
  server.closeAllConnections();
}

function portOf(text: string): number {
  if (/^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`--port: '${text}' is not a port; write a number from 0 to 65535`);
}

function originsOf(given: readonly string[] | undefined): ReadonlySet<string> {
  const webUi = localEndpoints()?.webUi;
  const origins = given ?? [...DEFAULT_ORIGINS, ...(webUi ? [webUi] : [])];
  return new Set(
    origins.map((text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      // The origin of other schemes is the text 'null', which any sandboxed page has.
      const isOrigin = url && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
      if (isOrigin) return url.origin;
      throw new UsageError(`--origin: '${text}' is not an origin; write https://host:port`);
    }),
  );
}

const isLoopback = (address: string): boolean => /^(127\.|::1$)/.test(address);

const exposed = (address: string, token: string | undefined): string =>
  token === undefined
    ? `${address} can be reached from other machines, and whoever reaches it reads what is encrypted: set LRM_CODEC_TOKEN, or put a proxy in front that asks who it is`
    : `${address} can be reached from other machines: put a proxy with TLS in front, or the token and all answers can be read on the way`;

const ended = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
