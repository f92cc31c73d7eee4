import type { IncomingMessage } from 'node:http';
import { isJsonPayload, type JsonPayload } from '../../activities/payloads/json';

/** A request that is refused: an HTTP status and one line. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Temporal's own limit for all payloads of a request is 4 MB; base64 makes them larger. Bytes. */
const BODY_AT_MOST = 8 * 1024 * 1024;

/**
 * Reads the payloads of a request.
 * @throws Refused
 */
export async function readPayloads(request: IncomingMessage): Promise<JsonPayload[]> {
  const { payloads } = parse(await readBody(request));
  if (Array.isArray(payloads) && payloads.every(isJsonPayload)) return payloads;
  throw new Refused(400, 'the body has no payloads: {"payloads": [{"metadata": {}, "data": ""}]}');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_AT_MOST) throw new Refused(413, 'the body is larger than 8 MB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(body: string): { payloads?: unknown } {
  try {
    return Object(JSON.parse(body));
  } catch {
    throw new Refused(400, 'the body is not JSON');
  }
}
