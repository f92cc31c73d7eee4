import { type SQL, sql } from 'drizzle-orm';
import { collated } from './catalogColumns';
import type { TableReference } from './names';
import type { Target } from './targets';

/** What one UPDATE writes: the columns of the rows, each as one array literal. */
export interface Written {
  readonly keys: readonly Target[];
  readonly changed: readonly Target[];
  readonly literals: ReadonlyMap<Target, string>;
  /** Columns that set themselves at each update (Drizzle's $onUpdate), with their values. */
  readonly onUpdate: readonly SQL[];
}

/** The new rows' name in the statement. No table has it. */
const NEW = sql.raw('lrm_new');

/** One UPDATE of all rows, or of those for which `only` is true. */
export function updateStatement(
  table: TableReference,
  { keys, changed, literals, onUpdate }: Written,
  only?: SQL,
): SQL {
  const targets = [...keys, ...changed];
  const set = changed.map(
    (target) => sql`${sql.identifier(target.name)} = ${NEW}.${column(targets, target)}`,
  );
  const equal = keys.map(
    (target) => sql`${table}.${sql.identifier(target.name)} = ${NEW}.${column(targets, target)}`,
  );
  const conditions = only ? [...equal, only] : equal;
  return sql`update ${table} set ${sql.join([...set, ...onUpdate], sql`, `)}
    from ${unnested(targets, literals)} where ${sql.join(conditions, sql` and `)}`;
}

/** Returns one row if two of the keys are equal to Postgres. */
export function equalKeys({ keys, literals }: Written): SQL {
  const names = sql.join(
    // With the column's own collation: 'a' and 'A' may be equal in it.
    keys.map((key) => collated(column(keys, key), key)),
    sql`, `,
  );
  return sql`select 1 from ${unnested(keys, literals)}
    group by ${names} having count(*) > 1 limit 1`;
}

/**
 * The rows as a relation. Where an array can hold the type itself, Postgres reads each value once:
 * a cast from text would read it as a text first. unnest() stands in the list of columns, since in
 * FROM its rows would be written to a temporary store before they are read.
 */
function unnested(targets: readonly Target[], literals: ReadonlyMap<Target, string>): SQL {
  const names = targets.map((target) => column(targets, target));
  const rows = targets.map((target, index) => {
    const type = target.unnests ? target.qualifiedType : 'text';
    return sql`unnest(${literals.get(target)}::${sql.raw(type)}[]) as ${names[index]}`;
  });
  const typed = targets.map((target, index) =>
    target.unnests
      ? sql`u.${names[index]}`
      : sql`u.${names[index]}::${sql.raw(target.qualifiedType)} as ${names[index]}`,
  );
  return sql`(select ${sql.join(typed, sql`, `)} from (select ${sql.join(rows, sql`, `)}) u) ${NEW}`;
}

function column(targets: readonly Target[], target: Target): SQL {
  return sql.raw(`c${targets.indexOf(target)}`);
}
