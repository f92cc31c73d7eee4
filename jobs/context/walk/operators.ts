import { type SQL, sql } from 'drizzle-orm';

/**
 * The operators that compare a key's column. They come from the operator family of its index, and
 * each is written with its schema. Postgres looks up a plain `>` along the search_path. It could
 * find one with another order than ORDER BY has, for instance that of text instead of citext.
 */
export interface Operators {
  readonly less: string;
  readonly lessOrEqual: string;
  readonly equal: string;
  readonly greaterOrEqual: string;
  readonly greater: string;
}

/** In the order of Postgres's B-tree strategies, from 1. */
const STRATEGIES = ['less', 'lessOrEqual', 'equal', 'greaterOrEqual', 'greater'] as const;

/** One operator in the result of {@link operatorRows}. */
export interface OperatorRow {
  /** The position in the index, from 1. */
  readonly column: number;
  readonly strategy: number;
  readonly operator: string;
}

/** Selects the operators of an index's columns, in a query over `pg_index i`. */
export const operatorRows: SQL = sql`(
  select coalesce(json_agg(json_build_object('column', class.number, 'strategy', a.amopstrategy,
    'operator', format('operator(%I.%s)', n.nspname, o.oprname)) order by class.number), '[]')
  from unnest(i.indclass::oid[]) with ordinality class (id, number)
    join pg_opclass c on c.oid = class.id
    join pg_amop a on a.amopfamily = c.opcfamily and a.amoppurpose = 's'
      and a.amoplefttype = c.opcintype and a.amoprighttype = c.opcintype
    join pg_operator o on o.oid = a.amopopr
    join pg_namespace n on n.oid = o.oprnamespace)`;

/**
 * The operators of an index's columns, in order. A column is missing if its family lacks an
 * operator.
 */
export function operatorsOf(rows: readonly OperatorRow[]): Operators[] {
  const columns = new Map<number, Partial<Record<(typeof STRATEGIES)[number], string>>>();
  for (const { column, strategy, operator } of rows) {
    const name = STRATEGIES[strategy - 1];
    if (name) columns.set(column, { ...columns.get(column), [name]: operator });
  }
  return [...columns.values()].filter(
    (found): found is Operators => Object.keys(found).length === STRATEGIES.length,
  );
}

/** One side of a comparison: one expression for each column of the key. */
export type Side = readonly SQL[];

/**
 * The condition that `left` comes before or after `right` in the order of the key's columns. With
 * `orEqual` the two may also be equal.
 */
export function compared(
  columns: readonly { readonly operators: Operators }[],
  left: Side,
  right: Side,
  direction: 'less' | 'greater',
  orEqual: boolean,
): SQL {
  const strict = columns.map(({ operators }) => operators[direction]);
  const last = columns.map(
    ({ operators }) => operators[orEqual ? (`${direction}OrEqual` as const) : direction],
  );
  const [first] = last;
  if (first !== undefined && last.every((each) => each === first)) {
    // A comparison of rows lets Postgres find the place in the index at once.
    return sql`${row(left)} ${sql.raw(first)} ${row(right)}`;
  }
  return columnByColumn(columns, left, right, strict, last);
}

/** Postgres can't compare rows if the columns have different operators. */
function columnByColumn(
  columns: readonly { readonly operators: Operators }[],
  left: Side,
  right: Side,
  strict: readonly string[],
  last: readonly string[],
): SQL {
  const at = (index: number): SQL => {
    const pair = (operator: string) => sql`${left[index]} ${sql.raw(operator)} ${right[index]}`;
    if (index === columns.length - 1) return sql`(${pair(last[index] ?? '')})`;
    const equal = pair(columns[index]?.operators.equal ?? '');
    return sql`(${pair(strict[index] ?? '')} or ${equal} and ${at(index + 1)})`;
  };
  return at(0);
}

function row(parts: Side): SQL {
  return sql`(${sql.join([...parts], sql`, `)})`;
}
