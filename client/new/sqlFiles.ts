import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** UTC, as 20261124185653: Prisma and others number their migrations so. */
const timestamp = (): string => new Date().toISOString().replace(/\D/g, '').slice(0, 14);

/** The greater one, so that the new migration comes after the existing ones. */
const after = (newest: string, now: string): string =>
  newest >= now ? String(BigInt(newest) + 1n) : now;

/** The path of a new Prisma migration in `folder`. */
export function prismaFile(folder: string, name: string): string {
  const newest = numbers(folder, /^(\d{14})_/).at(-1) ?? '';
  return path.join(folder, `${after(newest, timestamp())}_register_${name}`, 'migration.sql');
}

/** 0001_x.sql, 20261124185653-x.up.sql, V12__x.sql: prefix, number, separator, ending. */
const NUMBERED = /^([A-Za-z]*)(\d+)([_.-]+)[^.]*((?:\.up)?\.sql)$/;

/** The path of a new file in a folder of numbered SQL files, numbered as those are. */
export function sqlFile(folder: string, name: string): string {
  const matches = list(folder).flatMap((file) => {
    const [, prefix = '', number, separator = '_', ending = '.sql'] = NUMBERED.exec(file) ?? [];
    return number ? [{ prefix, number, separator, ending }] : [];
  });
  const last = matches.sort((a, b) => (BigInt(a.number) < BigInt(b.number) ? -1 : 1)).at(-1);
  const { prefix, number, separator, ending } = last ?? FIRST;
  return path.join(folder, `${prefix}${next(number)}${separator}register_${name}${ending}`);
}

const FIRST = { prefix: '', number: '0000', separator: '_', ending: '.sql' };

/** A time of day in seconds (14 digits), else the next number in the same width. */
const next = (number: string): string =>
  number.length === 14
    ? after(number, timestamp())
    : String(BigInt(number) + 1n).padStart(number.length, '0');

const numbers = (folder: string, pattern: RegExp): string[] =>
  list(folder)
    .flatMap((file) => pattern.exec(file)?.[1] ?? [])
    .sort();

const list = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
