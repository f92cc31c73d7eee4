import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A file that exists, or a small one that may be missing, with its new text. */
export interface Edit {
  readonly file: string;
  readonly text: string;
  /** What is added, for a person. */
  readonly added: string;
}

const SCRIPTS = {
  'lrm:dev': 'lrm dev',
  'lrm:worker': 'lrm worker',
  'lrm:migrate': 'lrm migrate',
} as const;

/** Adds our scripts to package.json in its own indentation; undefined when they are there. */
export function addScripts(folder: string): Edit | undefined {
  const before = readFileSync(path.join(folder, 'package.json'), 'utf8');
  const parsed = JSON.parse(before) as { scripts?: Record<string, string> };
  const added = Object.keys(SCRIPTS).filter((name) => !(name in (parsed.scripts ?? {})));
  if (added.length === 0) return undefined;
  // Those of the application stay first and as they are.
  const next = { ...parsed, scripts: { ...parsed.scripts, ...SCRIPTS, ...parsed.scripts } };
  const text = JSON.stringify(next, null, /^\{\r?\n([ \t]+)/.exec(before)?.[1] ?? 2);
  const newline = before.includes('\r\n') ? '\r\n' : '\n';
  return {
    file: 'package.json',
    text: text.replaceAll('\n', newline) + (/\n$/.test(before) ? newline : ''),
    added: `scripts ${added.join(', ')}`,
  };
}

/** Adds the folder of the dev servers' data to .gitignore; undefined when it is there. */
export function ignoreLocalFolder(folder: string): Edit | undefined {
  const file = path.join(folder, '.gitignore');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (/^\/?\.lrm\/?\r?$/m.test(before)) return undefined;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  return {
    file: '.gitignore',
    text: `${before}${gap}# Data of npx lrm dev.\n.lrm/\n`,
    added: '.lrm/',
  };
}

/** Writes the files, each in one step. What can fail comes before the first change. */
export function applyEdits(folder: string, edits: readonly Edit[]): void {
  const files = edits.map(({ file, text }) => ({ file: path.join(folder, file), text }));
  try {
    for (const { file, text } of files) writeFileSync(`${file}.lrm-new`, text);
    for (const { file } of files) renameSync(`${file}.lrm-new`, file);
  } finally {
    for (const { file } of files) rmSync(`${file}.lrm-new`, { force: true });
  }
}
