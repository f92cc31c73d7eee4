import { nameOf, type Session, sessionOf } from './points/points';

/** Gives the statements of one connection their names, which depend on those before them. */
export class Naming {
  #session: Session = 'other';
  /** What the transaction is for: the part before the colon. Undefined: outside of transactions. */
  #transaction: string | undefined;

  /** @param applicationName of the connection */
  begin(applicationName: string): void {
    this.#session = sessionOf(applicationName);
  }

  /** Undefined: it is none of ours. */
  name(text: string): string | undefined {
    const start = text.trimStart().slice(0, LONGEST_VERB).toLowerCase();
    if (start.startsWith('begin')) return `${this.#session}: begin`;
    if (start.startsWith('commit')) return `${this.#transaction || this.#session}: commit`;
    if (/^rollback(?! to)/.test(start)) return 'rollback';
    return nameOf(text, this.#session, this.#transaction);
  }

  /** To be called when the statement is executed. */
  executes(name: string | undefined): void {
    if (name?.endsWith(': begin')) this.#transaction = '';
    else if (name === 'rollback' || name?.endsWith(': commit')) this.#transaction = undefined;
    else if (this.#transaction !== undefined && name?.includes(': ')) {
      const [group = ''] = name.split(': ');
      // The fence is the begin of each transaction of an attempt, and says nothing about the rest.
      if (group !== 'fence') this.#transaction = group;
    }
  }
}

const LONGEST_VERB = 12;
