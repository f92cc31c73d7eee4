import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The number after the greatest one in use. A removed job's number stays in use by its registration. */
export function nextNumber(project: string): string {
  const used = [...jobNumbers(project), ...registeredNumbers(project)];
  return String(Math.max(0, ...used) + 1).padStart(4, '0');
}

const jobNumbers = (project: string): number[] =>
  readdirSync(path.join(project, 'jobs')).flatMap((file) => {
    const number = /^([0-9]{4})_/.exec(file)?.[1];
    return number ? [Number(number)] : [];
  });

function registeredNumbers(project: string): number[] {
  const folder = path.join(project, 'drizzle', 'sql');
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return files.flatMap((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    return [...text.matchAll(/'([0-9]{4})_[a-z0-9_]+'/g)].map((match) => Number(match[1]));
  });
}
