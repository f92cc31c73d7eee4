import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Sql } from '../../../../drizzle/connect';
import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import { undone } from '../undone';

/** A disk of its own for some tables. */
export interface SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
}

/** Why no disk can be mounted here. Undefined: it can. */
export function whyNoDisk(): string | undefined {
  return process.platform === 'linux' && process.getuid?.() === 0
    ? undefined
    : 'mounting a small disk needs Linux and root';
}

/**
 * Moves tables of the primary to a small disk, and back after `body`. The disk is a tmpfs on the folder
 * of a tablespace within the data folder: so the replica, on the same machine, has a folder of its own.
 * @param spare bytes that it has more than the tables need now
 */
export async function whileOnSmallDisk<T>(
  { postgres }: ChaosSet,
  tables: readonly string[],
  spare: number,
  body: (disk: SmallDisk) => Promise<T>,
): Promise<T> {
  const { sql, data } = postgres;
  const [needed] = await sql<{ bytes: number }[]>`
    select sum(pg_table_size(name::regclass))::float8 as bytes from unnest(${tables}::text[]) as name`;
  const folder = await createTablespace(sql, data);
  try {
    return await mounted(folder, (needed?.bytes ?? 0) + spare, async () => {
      try {
        for (const table of tables) await move(sql, table, SPACE);
        return await body({ path: folder });
      } finally {
        // The statement that frees the disk must not need more of it.
        for (const table of tables) await move(sql, table, 'pg_default');
      }
    });
  } finally {
    await dropTablespace(sql);
  }
}

const SPACE = 'chaos_small';

/** @returns its folder */
async function createTablespace(sql: Sql, data: string): Promise<string> {
  const session = await sql.reserve();
  try {
    await session`set allow_in_place_tablespaces = on`;
    await session.unsafe(`create tablespace ${SPACE} location ''`);
    await session`reset allow_in_place_tablespaces`;
    const [row] = await session`select oid from pg_tablespace where spcname = ${SPACE}`;
    return path.join(data, 'pg_tblspc', String(row?.['oid']));
  } finally {
    session.release();
  }
}

/** After the tables have left, their files go at the next checkpoint. */
async function dropTablespace(sql: Sql): Promise<void> {
  await waitFor('the tablespace to be empty', () =>
    sql.unsafe(`drop tablespace if exists ${SPACE}`).then(
      () => true,
      (error: { code?: string }) => {
        if (error.code === '55000') return false;
        throw error;
      },
    ),
  );
}

async function mounted<T>(folder: string, bytes: number, body: () => Promise<T>): Promise<T> {
  // The server's version stands in the name of the folder that it has made there.
  const inside = readdirSync(folder);
  const { uid, gid } = statSync(folder);
  // Lazily: the server may still have files open.
  return undone('umount -l "$1"', [folder], async () => {
    const size = `size=${Math.ceil(bytes)},mode=700`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'lrm-chaos', folder]);
    chownSync(folder, uid, gid);
    for (const name of inside) {
      mkdirSync(path.join(folder, name), { mode: 0o700 });
      chownSync(path.join(folder, name), uid, gid);
    }
    return body();
  });
}

/** Waits for the exclusive lock in short turns, so that the application's statements go on between them. */
async function move(sql: Sql, table: string, space: string): Promise<void> {
  await waitFor(
    `the exclusive lock of ${table}`,
    () =>
      sql
        .begin(async (tx) => {
          await tx`set local lock_timeout = '500ms'`;
          await tx.unsafe(`alter table ${table} set tablespace ${space}`);
          return true;
        })
        .catch((error: { code?: string }) => {
          if (error.code === '55P03' || error.code === '40P01') return false;
          throw error;
        }),
    MOVED_WITHIN,
  );
}

/** Milliseconds. */
const MOVED_WITHIN = 40_000;
