/** A message of Postgres's protocol, as it was sent. */
export interface Message {
  /** Its first byte as a letter. The first message of a client has none: ''. */
  readonly type: string;
  /** All of it, with type and length. */
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages, however the network has cut it. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #typed: boolean;

  /** @param from who sends them: a client's first message has no type */
  constructor(from: 'client' | 'server') {
    this.#typed = from === 'server';
  }

  /** The messages that are complete now. */
  read(bytes: Buffer): Message[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const messages: Message[] = [];
    for (;;) {
      const message = this.#next();
      if (!message) return messages;
      messages.push(message);
      this.#rest = this.#rest.subarray(message.bytes.length);
      // After a request for encryption, which we refuse, the client begins again.
      if (message.type === '') this.#typed = !isEncryptionRequest(message);
    }
  }

  #next(): Message | undefined {
    const head = this.#typed ? 1 : 0;
    if (this.#rest.length < head + 4) return undefined;
    const length = this.#rest.readInt32BE(head) + head;
    if (this.#rest.length < length) return undefined;
    const bytes = this.#rest.subarray(0, length);
    return { type: this.#typed ? String.fromCharCode(bytes[0] ?? 0) : '', bytes };
  }
}

/** SSLRequest and GSSENCRequest. */
const ENCRYPTION = [80_877_103, 80_877_104];

/** Whether a client asks to talk encrypted, and waits for one byte. */
export const isEncryptionRequest = ({ type, bytes }: Message): boolean =>
  type === '' && ENCRYPTION.includes(bytes.readInt32BE(4));

/** The parameters of a StartupMessage, like application_name. None for other first messages. */
export function startParameters({ bytes }: Message): ReadonlyMap<string, string> {
  if (bytes.readInt16BE(4) !== 3) return new Map();
  const texts = bytes.toString('utf8', 8).split('\0');
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < texts.length && texts[at]; at += 2) {
    found.set(texts[at] as string, texts[at + 1] as string);
  }
  return found;
}

/** The texts that end with a zero byte, at the begin of a message's body. */
export function textsOf({ bytes }: Message, count: number): string[] {
  const found: string[] = [];
  let at = 5;
  for (let n = 0; n < count; n++) {
    const end = bytes.indexOf(0, at);
    found.push(bytes.toString('utf8', at, end));
    at = end + 1;
  }
  return found;
}

/** Asks the server to send what it has answered so far. */
export const FLUSH = Buffer.from([0x48, 0, 0, 0, 4]);
/** The answer to a request for encryption: no. */
export const NOT_ENCRYPTED = Buffer.from('N');
