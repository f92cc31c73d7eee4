import { sql } from 'drizzle-orm';
import { firstNames } from '../../settings/firstOf';
import type { Database, Transaction } from '../database';
import { type MigrationStatus, migrations, SCHEMA } from '../schema';
import { inTransaction } from '../transaction';
import { OperationRefused } from './operationRefused';
import type { Asked } from './stop';
import { transitions } from './transitions';

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
 * @param dormant who registers them as paused: they begin only after `lrm resume`. Default: they are
 *   pending
 * @returns their rows, in the order given
 * @throws OperationRefused when one is registered with another input; nothing is registered then
 */
export async function register(
  db: Database,
  registrations: readonly Registration[],
  dormant?: Asked,
): Promise<Registered[]> {
  // In the same order for everybody: two calls that insert the same names must not deadlock.
  const sorted = [...registrations].sort((a, b) => (a.name < b.name ? -1 : 1));
  return inTransaction(db, async (tx) => {
    const isNew = await insert(tx, sorted, dormant);
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
  dormant: Asked | undefined,
): Promise<ReadonlySet<string>> {
  // A dormant one is as after `lrm pause`, so that status, gates and `lrm resume` need to know nothing
  // of it.
  const { by = null, reason } = dormant ?? {};
  const why = dormant ? (reason ?? DORMANT) : null;
  const request = dormant ? 'pause' : null;
  const inserted = await tx.execute<{ name: string }>(sql`
    insert into ${migrations}
      (name, input, status, request, request_reason, requested_by, requested_at)
    select name, input, ${dormant ? transitions.pause.to : 'created'}::${STATUS}, ${request}::${REQUEST},
      ${why}::text, ${by}::text, case when ${request}::text is not null then now() end
    from ${given(registrations)} order by at on conflict do nothing returning name`);
  return new Set(inserted.map(({ name }) => name));
}

/** Why a migration is paused that nobody has paused. The SQL of our trigger says the same. */
const DORMANT = 'registered dormant';

const STATUS = sql`${sql.identifier(SCHEMA)}.migration_status`;
const REQUEST = sql`${sql.identifier(SCHEMA)}.operator_request`;

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
  const named = firstNames(others, NAMED_AT_MOST);
  throw new OperationRefused(
    `${named} ${others.length === 1 ? 'is' : 'are'} registered with another input: nothing was ` +
      `changed. To see it: npx lrm status ${first}; to register it anew: npx lrm unregister ${first} first`,
  );
}
