import { type Message, textsOf } from './messages';

/** One execution of a statement. */
export interface Statement {
  readonly text: string;
  /** Given when its first message passes. Undefined: it is none of ours. */
  name?: string | undefined;
}

/** What a client's message means for a statement. */
export interface Step {
  readonly statement: Statement;
  /** Nothing of it was sent before. */
  readonly first: boolean;
  /** With this message it is done. */
  readonly executes: boolean;
}

/** Follows one connection's statements through Parse, Bind and Execute, or Query. */
export class Statements {
  /** The texts of prepared statements, by name. The unnamed one has the name ''. */
  readonly #prepared = new Map<string, string>();
  readonly #portals = new Map<string, Statement>();
  /** Parsed, but not bound yet: its Parse was the first message. */
  #parsed: { readonly name: string; readonly statement: Statement } | undefined;

  /** Undefined: the message is neither the first nor the last one of a statement. */
  step(message: Message): Step | undefined {
    switch (message.type) {
      case 'Q': {
        const [text = ''] = textsOf(message, 1);
        return { statement: { text }, first: true, executes: true };
      }
      case 'P':
        return this.#parse(message);
      case 'B':
        return this.#bind(message);
      case 'E': {
        const statement = this.#portals.get(textsOf(message, 1)[0] ?? '');
        return statement && { statement, first: false, executes: true };
      }
      case 'C':
        this.#close(message);
    }
    return undefined;
  }

  #parse(message: Message): Step {
    const [name = '', text = ''] = textsOf(message, 2);
    this.#prepared.set(name, text);
    this.#parsed = { name, statement: { text } };
    return { statement: this.#parsed.statement, first: true, executes: false };
  }

  #bind(message: Message): Step | undefined {
    const [portal = '', name = ''] = textsOf(message, 2);
    const parsed = this.#parsed?.name === name ? this.#parsed.statement : undefined;
    this.#parsed = undefined;
    const statement = parsed ?? { text: this.#prepared.get(name) ?? '' };
    this.#portals.set(portal, statement);
    return parsed ? undefined : { statement, first: true, executes: false };
  }

  /** The first byte says what is closed: S, a statement, or P, a portal. */
  #close({ bytes }: Message): void {
    const name = bytes.toString('utf8', 6, bytes.length - 1);
    (bytes[5] === 0x53 ? this.#prepared : this.#portals).delete(name);
  }
}
