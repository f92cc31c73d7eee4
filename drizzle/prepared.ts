import type { Sql } from './connect';

/** So many statements of a pool are prepared. Each costs the server memory, in each session. */
const PREPARED_AT_MOST = 100;
/** So many more are remembered, in case they come again. */
const REMEMBERED_AT_MOST = 500;
/** Longer texts hold values, so they don't come again. Characters. */
const LONGEST = 10_000;

/**
 * Which statements of a pool are worth preparing: those that come again. The driver asks the server
 * for the types of parameters each time otherwise, in a round trip of its own.
 */
export class Prepared {
  readonly #seen = new Set<string>();
  readonly #prepared = new Set<string>();
  readonly #never = new Set<string>();
  #off = false;
  #bodies = true;

  static of(sql: Sql): Prepared {
    const found = pools.get(sql) ?? new Prepared();
    pools.set(sql, found);
    return found;
  }

  /** False: nobody keeps prepared statements here (a pooler, or a job that drops them all). */
  get on(): boolean {
    return !this.#off;
  }

  /** Whether to prepare a statement with parameters. To be asked each time that it is sent. */
  isWorth(text: string): boolean {
    if (this.#off || !this.#bodies) return false;
    if (this.#never.has(text) || text.length > LONGEST) return false;
    if (this.#prepared.has(text)) return true;
    if (this.#prepared.size >= PREPARED_AT_MOST) return false;
    if (this.#seen.delete(text)) {
      this.#prepared.add(text);
      return true;
    }
    if (this.#seen.size >= REMEMBERED_AT_MOST) this.#seen.clear();
    this.#seen.add(text);
    return false;
  }

  /**
   * To be called when a table has been changed: its columns may have other types now, and a prepared
   * statement would take its values as the old ones.
   */
  tableChanged(): void {
    this.#bodies = false;
  }

  /**
   * To be called with each error of a statement. After one about its being prepared, it is not
   * prepared again.
   * @param text of a statement of the job's
   */
  failed(error: unknown, text?: string): void {
    const lost = lostPreparation(error);
    if (lost === 'dropped') this.#off = true;
    if (lost === 'changed' && text !== undefined) this.#never.add(text);
  }
}

const pools = new WeakMap<Sql, Prepared>();

/**
 * Why a prepared statement failed before it did anything: somebody has 'dropped' it, or what it
 * returns has 'changed' (a column was added). Undefined: for another reason.
 */
export function lostPreparation(error: unknown): 'dropped' | 'changed' | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  if (code === '26000') return 'dropped';
  // The state is that of every feature that Postgres lacks.
  return code === '0A000' && routine === 'RevalidateCachedQuery' ? 'changed' : undefined;
}
