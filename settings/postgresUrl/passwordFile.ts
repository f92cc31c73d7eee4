import { readFileSync, statSync } from 'node:fs';
import { type Host, isUnixSocket, type Target } from './target';

/** A password, or why the password file gave none. */
export type Found = { readonly password: string } | { readonly problem: string };

/**
 * Looks for a password as libpq does: in `~/.pgpass`, or the file that `passfile` or `PGPASSFILE`
 * names. The package pgpass would do this, but it reads its file's name from this process's own
 * environment only, and writes its warnings to standard error.
 */
export function passwordFromFile(
  { passwordFile: file, database, user, setting }: Target,
  host: Host,
): Found {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat)
    return { problem: `neither ${setting} nor PGPASSWORD has one, and there is no file ${file}` };
  if (!stat.isFile()) return { problem: `the password file ${file} is not a plain file` };
  if (process.platform !== 'win32' && stat.mode & 0o077) {
    return {
      problem: `the password file ${file} is not used, since others may read it: chmod 600 ${file}`,
    };
  }
  const name = isUnixSocket(host) && SOCKET_FOLDERS.includes(host.name) ? 'localhost' : host.name;
  const wanted = [name, String(host.port), database, user];
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = fieldsOf(line);
    if (fields.length < 5) continue;
    const matches = wanted.every(
      (value, at) => fields[at] === '*' || unescaped(fields[at]) === value,
    );
    if (matches) return { password: unescaped(fields[4]) };
  }
  return { problem: `the password file ${file} has no line for it` };
}

/** libpq looks for sockets in its default folder under the name localhost. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp'];

/** Splits at colons that no backslash precedes. */
const fieldsOf = (line: string): string[] => line.match(/(?:^|(?<=:))(?:\\.|[^:\\])*/g) ?? [];

const unescaped = (field = ''): string => field.replace(/\\(.)/g, '$1');
