import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../../settings/projectFolder';
import { markdown, type Table } from '../figures';
import type { Bench } from '../server';
import { withPart } from './page';

const docs = path.join(projectFolder, 'docs');
const file = path.join(docs, 'benchmarks.md');

/** Writes one part's tables and pictures to docs/. */
export async function writePart(
  bench: Bench,
  part: string,
  table: Table,
  order: readonly string[],
  loadBefore: number,
): Promise<void> {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const section = `${markdown(table)}\n${await circumstances(bench, loadBefore)}`;
  writeFileSync(file, withPart(page, part, section, order));
  for (const [name, svg] of Object.entries(table.pictures ?? {})) {
    writeFileSync(path.join(docs, name), svg);
  }
}

async function circumstances({ sql }: Bench, loadBefore: number): Promise<string> {
  const [server] = await sql<{ server_version: string }[]>`show server_version`;
  return (
    `_${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores ` +
    `(${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Node ${process.versions.node}, embedded PostgreSQL ${server?.server_version ?? ''}; ` +
    `load average before the start ${loadBefore.toFixed(1)}._`
  );
}
