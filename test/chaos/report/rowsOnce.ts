import type { Sql } from '../../../drizzle/connect';
import type { Piece } from '../workload/piece';

/** What is wrong with the rows of the migrations, a line each. The checks look closer; this is plain. */
export async function rowsOnce(sql: Sql, pieces: readonly Piece[]): Promise<string[]> {
  const found: string[] = [];
  for (const piece of pieces) {
    const counts = await sql<{ owner: string; n: number; rows: number }[]>`
      select owner, n, count(*)::int as rows from app.${sql(piece.table)} group by owner, n order by owner, n`;
    const wrong = counts.filter(({ owner, n }) => n !== 1 && !(owner === 'application' && n === 0));
    const skipped =
      piece.bad > 0 && wrong.length === 1 && wrong[0]?.n === 0 && wrong[0].rows === piece.bad;
    const touched = counts.some(({ owner, n }) => owner === 'application' && n === 1);
    if ((wrong.length > 0 && !skipped) || (touched && !piece.doesApplicationRows)) {
      found.push(
        `${piece.name}: ${counts.map(({ owner, n, rows }) => `${rows} rows (${owner}) ${n} times`).join(', ')}`,
      );
    }
  }
  const ended = await sql<{ name: string; status: string }[]>`
    select name, status::text from long_running_migrations.migrations where status <> 'completed'`;
  return [...found, ...ended.map(({ name, status }) => `${name} is ${status}`)];
}
