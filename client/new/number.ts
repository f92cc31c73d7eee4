import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../settings/usageError';

/**
 * The number after the greatest one in use. A removed job's number stays in use by its registration.
 * @param migrations folder of the application's migrations, if they are in files
 */
export function nextNumber(jobs: string, migrations: string | undefined): string {
  const used = [...jobNumbers(jobs), ...(migrations ? registeredNumbers(migrations) : [])];
  const number = Math.max(0, ...used) + 1;
  if (number > 9_999) throw new UsageError('the numbers of jobs end at 9999, which is in use');
  return String(number).padStart(4, '0');
}

const jobNumbers = (folder: string): number[] =>
  list(folder).flatMap((file) => {
    const number = /^([0-9]{4})_/.exec(path.basename(file))?.[1];
    return number ? [Number(number)] : [];
  });

/** Only what is inserted into our tables: other statements may have texts that look the same. */
const REGISTERED = /\.(?:registrations|migrations)\s*\(name\)\s*values\s*([^;]*)/gi;

function registeredNumbers(folder: string): number[] {
  const files = list(folder).filter((file) => file.endsWith('.sql'));
  return files.flatMap((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    const inserts = [...text.matchAll(REGISTERED)].map((match) => match[1] ?? '');
    return inserts.flatMap((values) =>
      [...values.matchAll(/'([0-9]{4})_[a-z0-9_]+'/g)].map((match) => Number(match[1])),
    );
  });
}

const list = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
