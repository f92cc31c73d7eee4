import { Answers } from './answers';
import type { Armed, Claimed } from './armed';
import type { Ends, Filter } from './link';
import {
  FLUSH,
  isEncryptionRequest,
  type Message,
  MessageReader,
  NOT_ENCRYPTED,
  startParameters,
} from './messages';
import { Naming } from './naming';
import { type Statement, Statements, type Step } from './statements';

/** What a wire knows of all of its connections. */
export interface Watched {
  readonly armed: Armed;
  /** Called with each statement that is executed. */
  passed(statement: Statement, session: string): void;
}

/** Reads one connection to Postgres, and stops it where somebody wants that. */
export class PostgresFilter implements Filter {
  readonly #fromClientReader = new MessageReader('client');
  readonly #fromServerReader = new MessageReader('server');
  readonly #statements = new Statements();
  readonly #answers = new Answers();
  readonly #naming = new Naming();
  #session = '';
  /** What is held back from each side. Undefined: nothing. */
  #toServer: Message[] | undefined;
  #toClient: Message[] | undefined;
  /** The statement whose Execute was the last message. The next one decides how to await its answer. */
  #executed: { readonly claimed: Claimed; readonly statement: Statement } | undefined;
  /** Whose answer is held back until it is there. */
  #awaiting: Claimed | undefined;
  /** A side has closed the connection while something was held back. */
  #ended = false;

  constructor(
    private readonly ends: Ends,
    private readonly watched: Watched,
  ) {}

  fromClient(bytes: Buffer): void {
    for (const message of this.#fromClientReader.read(bytes)) this.#ofClient(message);
  }

  fromServer(bytes: Buffer): void {
    for (const message of this.#fromServerReader.read(bytes)) this.#ofServer(message);
  }

  ended(side: 'client' | 'server'): void {
    this.#executed?.claimed.missed();
    this.#executed = undefined;
    this.#ended = true;
    if (side === 'server' && this.#awaiting) this.#goOn(this.#awaiting.missed);
    // What was sent before the end still arrives, as in a slow network.
    else if (!this.#toServer) this.ends.end();
  }

  #ofClient(message: Message): void {
    if (this.#toServer) this.#toServer.push(message);
    else if (message.type === '') this.#begin(message);
    else if (this.#executed) this.#afterExecute(this.#executed, message);
    else this.#pass(message);
  }

  #pass(message: Message): void {
    const step = this.#statements.step(message);
    if (step?.first) step.statement.name = this.#naming.name(step.statement.text);
    const claimed = step?.first && this.#claim(step.statement, 'before');
    if (claimed) {
      this.#toServer = [];
      this.#stop(claimed, () => this.#send(message, step));
    } else {
      this.#send(message, step);
    }
  }

  #ofServer(message: Message): void {
    const { awaited, outcome } = this.#answers.received(message);
    if (awaited || this.#toClient?.length) this.#toClient?.push(message);
    else this.ends.toClient(message.bytes);
    const claimed = this.#awaiting;
    if (!outcome || !claimed) return;
    this.#answers.forget();
    this.#awaiting = undefined;
    if (outcome === 'done') this.#stop(claimed);
    else this.#goOn(claimed.missed);
  }

  #begin(message: Message): void {
    if (isEncryptionRequest(message)) {
      this.ends.toClient(NOT_ENCRYPTED);
      return;
    }
    this.#session = startParameters(message).get('application_name') ?? '';
    this.#naming.begin(this.#session);
    this.ends.toServer(message.bytes);
  }

  #claim({ name }: Statement, when: 'before' | 'after'): Claimed | undefined {
    return name === undefined ? undefined : this.watched.armed.claim(name, when);
  }

  #send(message: Message, step: Step | undefined): void {
    const claimed = step?.executes ? this.#execute(step.statement) : undefined;
    if (step && claimed && message.type === 'Q') {
      this.#await(claimed, step.statement, message);
    } else {
      this.#executed = step && claimed && { claimed, statement: step.statement };
      this.#forward(message);
    }
  }

  #execute(statement: Statement): Claimed | undefined {
    this.#naming.executes(statement.name);
    this.watched.passed(statement, this.#session);
    return this.#claim(statement, 'after');
  }

  #forward(message: Message): void {
    this.#answers.sent(message);
    this.ends.toServer(message.bytes);
  }

  /** A statement outside of a transaction takes effect with its Sync, which our driver always sends. */
  #afterExecute(
    { claimed, statement }: { readonly claimed: Claimed; readonly statement: Statement },
    message: Message,
  ): void {
    this.#executed = undefined;
    const synced = message.type === 'S';
    this.#await(claimed, statement, synced ? message : undefined);
    if (synced) return;
    // Without a Sync the server would keep its answer for itself.
    this.ends.toServer(FLUSH);
    this.#toServer = [message];
  }

  /** @param message with which the statement takes effect, if that is still to be sent */
  #await(claimed: Claimed, { name }: Statement, message: Message | undefined): void {
    const tag = name?.endsWith(': commit') ? 'COMMIT' : undefined;
    this.#answers.await({ tag, synced: message !== undefined });
    this.#awaiting = claimed;
    this.#toServer = [];
    this.#toClient = [];
    claimed.onGiveUp(() => {
      this.#answers.forget();
      this.#awaiting = undefined;
      this.#goOn();
    });
    if (message) this.#forward(message);
  }

  /** @param first what is to be done before all that is held back */
  #stop(claimed: Claimed, first?: () => void): void {
    let over = false;
    const once = (body: () => void) => () => {
      if (!over) body();
      over = true;
    };
    claimed.stopped({
      point: claimed.point,
      session: this.#session,
      clientPort: this.ends.clientPort,
      release: once(() => this.#goOn(first)),
      cut: once(() => this.ends.cut()),
    });
  }

  #goOn(first?: () => void): void {
    const [toServer = [], toClient = []] = [this.#toServer, this.#toClient];
    this.#toServer = this.#toClient = undefined;
    this.#awaiting = undefined;
    for (const { bytes } of toClient) this.ends.toClient(bytes);
    first?.();
    for (const message of toServer) this.#ofClient(message);
    if (this.#ended && !this.#toServer && !this.#toClient) this.ends.end();
  }
}
