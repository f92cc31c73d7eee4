import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { connect } from '../../drizzle/connect';

const execute = promisify(execFile);

/** What a base backup leaves out: a replica streams its WAL, and has a process and slots of its own. */
const LEFT_OUT = [
  'pg_wal/*',
  'postmaster.pid',
  'postmaster.opts',
  'pg_replslot/*',
  'pg_stat_tmp/*',
];

/**
 * Fills a folder with a base backup of a running server, which starts as its replica.
 * @param url the server's
 * @param from its data folder
 * @param to is made anew, with owners as in `from`
 * @param name the replica's application_name, by which the server knows it
 * @param settings further lines for its postgresql.auto.conf
 */
export async function takeBaseBackup(
  url: string,
  from: string,
  to: string,
  name: string,
  settings: string,
): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { mode: 0o700 });
  const sql = connect(url, { max: 1, applicationName: 'base backup' });
  try {
    await sql`select pg_backup_start('replica', true)`;
    await copy(from, to);
    const [stopped] = await sql<{ labelfile: string }[]>`select labelfile from pg_backup_stop()`;
    writeAs(to, 'backup_label', stopped?.labelfile ?? '');
  } finally {
    await sql.end({ timeout: 1 });
  }
  writeAs(to, 'standby.signal', '');
  appendFileSync(
    path.join(to, 'postgresql.auto.conf'),
    `primary_conninfo = '${url}&application_name=${name}'\n${settings}\n`,
  );
}

/** tar keeps the owners, and its exit code 1 means that files changed meanwhile, which is right here. */
async function copy(from: string, to: string): Promise<void> {
  const leaveOut = LEFT_OUT.map((name) => `--exclude='./${name}'`).join(' ');
  const script = `(tar -C "$1" ${leaveOut} -cf - . || test $? -eq 1) | tar -C "$2" -xpf -`;
  await execute('sh', ['-c', script, 'sh', from, to]);
}

/** Writes a file that belongs to the owner of the data folder. */
function writeAs(data: string, name: string, content: string): void {
  const file = path.join(data, name);
  execFileSync('cp', ['-a', path.join(data, 'PG_VERSION'), file]);
  writeFileSync(file, content);
}
