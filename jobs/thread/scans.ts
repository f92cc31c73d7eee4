import type { TransactionSql } from '../../drizzle/connect';
import type { Scan } from '../process/messages';

/** A statement that the job has sent. */
export interface Statement {
  readonly query: string;
  readonly parameters: readonly unknown[];
}

/** Reading less than this takes a few milliseconds, however it is read. Bytes. */
const BIG = 1024 * 1024;
/** Of a statement, this much is shown. Characters. */
const SHOWN = 120;

/** Statements that have a plan. */
const PLANNED = /^\s*(select|insert|update|delete|merge|with)\b/i;

/** Statements that have been looked at: each batch sends the same ones. */
const known = new Set<string>();

/** Finds the big tables that statements read from end to end, by EXPLAIN, which executes nothing. */
export async function findScans(
  tx: TransactionSql,
  statements: readonly Statement[],
): Promise<Scan[]> {
  const scans: Scan[] = [];
  for (const { query, parameters } of statements) {
    if (known.has(query) || !PLANNED.test(query)) continue;
    known.add(query);
    try {
      // In a savepoint: one that can't be explained must not fail the batch.
      const found = await tx.savepoint(async (inner) => {
        const rows = await inner.unsafe(
          `explain (verbose, format json) ${query}`,
          parameters as never[],
          // Of several statements in one text, all but the first would be executed.
          { simple: false } as object,
        );
        return bigOnes(inner, scannedIn(rows[0]?.['QUERY PLAN']));
      });
      const text = query.replace(/\s+/g, ' ').trim();
      const statement = text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
      scans.push(...found.map((each) => ({ ...each, statement })));
    } catch {
      // Its plan stays unknown.
    }
  }
  return scans;
}

interface Plan {
  readonly 'Node Type'?: string;
  readonly Schema?: string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

interface Table {
  readonly schema: string;
  readonly name: string;
}

/** The tables below the nodes 'Seq Scan'. */
function scannedIn(explained: unknown): Table[] {
  const tables = new Map<string, Table>();
  const visit = (plan: Plan): void => {
    const { Schema: schema, 'Relation Name': name } = plan;
    if (plan['Node Type'] === 'Seq Scan' && schema && name) {
      tables.set(`${schema}.${name}`, { schema, name });
    }
    plan.Plans?.forEach(visit);
  };
  const parsed = typeof explained === 'string' ? JSON.parse(explained) : explained;
  for (const { Plan: plan } of parsed as { Plan: Plan }[]) visit(plan);
  return [...tables.values()];
}

async function bigOnes(
  tx: TransactionSql,
  tables: readonly Table[],
): Promise<Omit<Scan, 'statement'>[]> {
  const found: Omit<Scan, 'statement'>[] = [];
  for (const { schema, name } of tables) {
    const [row] = await tx.unsafe<{ bytes: string }[]>(
      'select pg_relation_size(format($1, $2::text, $3::text)::regclass) as bytes',
      ['%I.%I', schema, name],
    );
    const bytes = Number(row?.bytes ?? 0);
    if (bytes >= BIG) found.push({ table: `${schema}.${name}`, bytes });
  }
  return found;
}
