import { readFileSync } from 'node:fs';
import type { Sql, TransactionSql } from '../../drizzle/connect';
import type { Statement } from './scans';

/** Who looks at the statements of a client. */
export interface Observer {
  /** Gets the text of each statement, or of a part of one, before it can be sent. */
  before(text: string): void;
  /** Gets each statement. Its text is empty until it is sent. */
  sent(statement: Statement): unknown;
}

/** A query of postgres.js. It has its text and parameters when it has been sent. */
interface Query {
  readonly string?: string;
  readonly parameters?: readonly unknown[];
}

/**
 * A client, or that of a transaction with its savepoints, whose statements are looked at. Drizzle
 * sends all of its by `unsafe`.
 */
export function observed<T extends Sql | TransactionSql>(client: T, observer: Observer): T {
  const unsafe = (query: string, ...more: unknown[]) => {
    observer.before(query);
    const [parameters] = more;
    observer.sent({ query, parameters: Array.isArray(parameters) ? parameters : [] });
    return (client.unsafe as (...given: unknown[]) => unknown)(query, ...more);
  };
  return new Proxy<T>(client, {
    apply(target, self, given: [unknown, ...unknown[]]) {
      const [strings] = given;
      const query: Query = Reflect.apply(target as never, self, given);
      // Otherwise it is a helper for a name or for values.
      if (!isTemplate(strings)) return query;
      observer.before(strings.join('?'));
      observer.sent(later(query));
      // The driver's own trace is too short to reach the job's line behind this function.
      Object.defineProperty(query, 'origin', { value: new Error().stack });
      return query;
    },
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name === 'unsafe') return unsafe;
      if (name === 'file') {
        return (file: string, ...more: unknown[]) => unsafe(readFileSync(file, 'utf8'), ...more);
      }
      return name === 'savepoint' ? savepoints(value as Savepoint, observer) : value;
    },
  });
}

type Savepoint = (...given: unknown[]) => unknown;

const savepoints =
  (savepoint: Savepoint, observer: Observer): Savepoint =>
  (...given) => {
    observer.before('savepoint');
    const body = given.at(-1);
    if (typeof body !== 'function') return savepoint(...given);
    return savepoint(...given.slice(0, -1), (inner: TransactionSql) =>
      body(observed(inner, observer)),
    );
  };

const isTemplate = (given: unknown): given is TemplateStringsArray =>
  Array.isArray(given) && 'raw' in given;

const later = (query: Query): Statement => ({
  get query() {
    return query.string ?? '';
  },
  get parameters() {
    return query.parameters ?? [];
  },
});
