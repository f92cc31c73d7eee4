import { sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import { type MigrationStatus, migrations } from '../schema';
import { inTransaction } from '../transaction';
import { OperationRefused } from './operationRefused';

/** A migration to register. */
export interface Registration {
  readonly name: string;
  /** What its job gets as `job.input`, as the text of JSON. Undefined: nothing. */
  readonly input?: string | undefined;
}

/** A migration after it was registered. */
export interface Registered {
  readonly name: string;
  readonly status: MigrationStatus;
  /** False: it was registered already, and nothing was changed. */
  readonly isNew: boolean;
}

/**
 * Registers migrations, as the INSERT of a schema migration does: all of them or none. One that is
 * registered already stays as it is.
 * @returns their rows, in the order given
 * @throws OperationRefused when one is registered with another input; nothing is registered then
 */
export async function register(
  db: Database,
  registrations: readonly Registration[],
): Promise<Registered[]> {
  // In the same order for everybody: two calls that insert the same names must not deadlock.
  const sorted = [...registrations].sort((a, b) => (a.name < b.name ? -1 : 1));
  return inTransaction(db, async (tx) => {
    const isNew = await insert(tx, sorted);
    const rows = await read(tx, sorted);
    refuseOtherInputs(rows);
    const status = new Map(rows.map((row) => [row.name, row.status]));
    return registrations.map(({ name }) => ({
      name,
      status: status.get(name) ?? 'created',
      isNew: isNew.has(name),
    }));
  });
}

async function insert(
  tx: Transaction,
  registrations: readonly Registration[],
): Promise<ReadonlySet<string>> {
  const inserted = await tx.execute<{ name: string }>(sql`
    insert into ${migrations} (name, input) select name, input from ${given(registrations)}
    order by at on conflict do nothing returning name`);
  return new Set(inserted.map(({ name }) => name));
}

/** In a statement of its own, so that it also sees what others have committed since. */
function read(tx: Transaction, registrations: readonly Registration[]) {
  return tx.execute<{ name: string; status: MigrationStatus; other: boolean }>(sql`
    select given.name, ${migrations.status}, given.input is not null
      and ${migrations.input} is distinct from given.input as other
    from ${given(registrations)} join ${migrations} on ${migrations.name} = given.name`);
}

/** The registrations as rows (name, input, at). One parameter, however many there are. */
const given = (registrations: readonly Registration[]) => sql`(
  select e ->> 0 as name, (e ->> 1)::jsonb as input, at
  from jsonb_array_elements(${JSON.stringify(
    registrations.map(({ name, input }) => [name, input ?? null]),
  )}::text::jsonb) with ordinality as x (e, at)) as given`;

/** More would only make the line longer. */
const NAMED_AT_MOST = 3;

function refuseOtherInputs(rows: readonly { name: string; other: boolean }[]): void {
  const others = rows.filter(({ other }) => other).map(({ name }) => name);
  const [first] = others;
  if (first === undefined) return;
  const more = others.length - NAMED_AT_MOST;
  const named = others.slice(0, NAMED_AT_MOST).join(', ') + (more > 0 ? ` and ${more} more` : '');
  throw new OperationRefused(
    `${named} ${others.length === 1 ? 'is' : 'are'} registered with another input: nothing was ` +
      `changed. To see it: npx lrm status ${first}; to register it anew: npx lrm unregister ${first} first`,
  );
}
