import fc from 'fast-check';
import { connect, type Sql } from '../../../drizzle/connect';
import type { TestDatabase } from '../../support/database';
import type { TestRole } from '../../support/roles';
import { type Change, type ChangeName, changes } from './changes';
import { type ShapeName, shapes } from './shapes';
import type { Api } from './walks';

/** A walk, and what is done to its table meanwhile. */
export interface World {
  readonly shape: ShapeName;
  readonly api: Api;
  readonly where: 'all rows' | 'untouched' | 'not every third';
  readonly size: number;
  readonly lanes: number;
  readonly descending: boolean;
  readonly changes: readonly Planned[];
}

/** A change that begins during a batch and happens right behind it, or between two attempts. */
export interface Planned {
  readonly name: ChangeName;
  /** The number of the batch. */
  readonly batch: number;
  readonly when: 'behind it' | 'between attempts';
}

const names = Object.keys(changes) as ChangeName[];

export const worlds: fc.Arbitrary<World> = fc.record({
  shape: fc.constantFrom(...(Object.keys(shapes) as ShapeName[])),
  api: fc.constantFrom<Api>('inBatches', 'inBatches', 'updateRows', 'groups', 'forEach'),
  where: fc.constantFrom('all rows', 'untouched', 'not every third'),
  size: fc.constantFrom(2, 5, 11),
  lanes: fc.integer({ min: 1, max: 3 }),
  descending: fc.boolean(),
  changes: fc.array(
    fc.record({
      name: fc.constantFrom(...names),
      batch: fc.integer({ min: 1, max: 8 }),
      when: fc.constantFrom('behind it', 'between attempts'),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

/** Someone who changes the table. Changes are made one after the other, in the order in which they are asked for. */
export class Dba {
  readonly #sql: Sql;
  #changing: Promise<unknown> = Promise.resolve();
  #asked = 0;
  #made = 0;

  constructor(
    { databaseUrl }: TestDatabase,
    private readonly role: TestRole,
  ) {
    this.#sql = connect(databaseUrl, { max: 1, applicationName: 'dba' });
  }

  /** It resolves when the change is made, or refused by Postgres. */
  make(name: ChangeName): Promise<unknown> {
    this.#asked += 1;
    const { statements }: Change = changes[name];
    this.#changing = this.#changing.then(async () => {
      await this.#sql.unsafe(`set lock_timeout = '2s'`);
      for (const statement of statements) {
        try {
          await this.#sql.unsafe(statement.replaceAll('$ROLE', this.role.name));
        } catch {
          await this.#sql.unsafe('rollback');
          break;
        }
      }
      this.#made += 1;
    });
    return this.#changing;
  }

  get isIdle(): boolean {
    return this.#asked === this.#made;
  }

  async end(): Promise<void> {
    await this.#changing;
    await this.#sql.end({ timeout: 1 });
  }
}
