import { createReadStream, readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Sql } from '../../../drizzle/connect';
import type { CheckContext } from './context';
import { type Finding, findings } from './finding';

/**
 * What was logged, printed or stored holds no value of a row. Workers and `lrm` print no stack trace, no
 * error that nobody handled, and no abort of Node.
 */
export async function logs({ folder, secret, sql }: CheckContext): Promise<Finding[]> {
  const found = await inTables(sql, secret);
  for (const file of filesOf(folder, '')) {
    found.push(...(await inFile(folder, file, secret)));
  }
  return findings(CHECK, found);
}

const CHECK = 'logs';

/**
 * All files, relative to the folder. Postgres's data is the application's, and its log may say what an
 * application sends.
 */
function filesOf(folder: string, below: string): string[] {
  return readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(below, entry.name);
    if (/^postgres/.test(entry.name)) return [];
    if (entry.isDirectory()) return filesOf(folder, file);
    return /\.(log|txt|json|jsonl)$/.test(entry.name) ? [file] : [];
  });
}

/** What must not stand in a line of workers and `lrm`. */
const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['an error that nobody has handled', /unhandled ?(promise ?)?rejection|uncaught ?exception/i],
  ['an abort of Node', /heap out of memory|FATAL ERROR: /],
  // In JSON, the line feeds are escaped.
  ['a stack trace', /(^|\\n|\n)\s+at .{1,200}:\d+:\d+\)?/],
];

async function inFile(folder: string, file: string, secret: string): Promise<string[]> {
  const counts = new Map<string, { first: number; count: number }>();
  // Failures in histories, and Temporal's own log, have stack traces that are not ours.
  const isOurs = !/histories|temporal/.test(file);
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path.join(folder, file)) })) {
    number++;
    const kinds = (isOurs ? FORBIDDEN : [])
      .filter(([, pattern]) => pattern.test(line))
      .map(([what]) => what);
    if (line.includes(secret)) kinds.push("a row's value");
    for (const kind of kinds) {
      const known = counts.get(kind);
      counts.set(kind, { first: known?.first ?? number, count: (known?.count ?? 0) + 1 });
    }
  }
  return [...counts].map(
    ([what, { first, count }]) =>
      `${file} has ${what} in ${count} lines, the first is line ${first}`,
  );
}

/** The columns of our tables, and what they held before. */
async function inTables(sql: Sql, secret: string): Promise<string[]> {
  const rows = await sql<{ place: string }[]>`
    with ours as (
      select table_name as name, format('select t::text as row from %I.%I t', table_schema, table_name) as query
      from information_schema.tables where table_schema = 'long_running_migrations')
    select name as place from ours
    where (xpath('/row/found/text()', query_to_xml(format(
      'select exists (select from (%s) all_rows where position(%L in row) > 0) as found', query, ${secret}::text
    ), false, true, '')))[1]::text = 'true'
    union
    select format('%s, earlier', "table") from chaos.history
    where position(${secret} in concat(old, new)) > 0`;
  return rows.map(({ place }) => `table ${place} holds a row's value`);
}
