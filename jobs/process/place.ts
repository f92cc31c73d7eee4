import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../../settings/projectFolder';

/** Our code or a library often adds twenty frames above the author's line. */
const FRAMES = 50;

/** Call it before a job is loaded: then the stacks of errors name lines of the author's source. */
export function traceToSources(): void {
  process.setSourceMapsEnabled(true);
  Error.stackTraceLimit = FRAMES;
}

/**
 * file:line:column of the first frame in the author's own code, undefined when there is none: a line
 * of our code or of a library would mislead. The rest of a stack may hold row values.
 */
export function placeOf(stack: unknown, message: unknown): string | undefined {
  if (typeof stack !== 'string') return undefined;
  // The stack begins with the message, whose lines may look like frames.
  const frames = typeof message === 'string' ? stack.replace(message, '') : stack;
  for (const line of frames.split('\n')) {
    const { file, position } = frame(line) ?? {};
    if (file && isAuthors(file)) return `${path.basename(file)}:${position}`;
  }
  return undefined;
}

/** 'at f (/a.ts:1:2)', 'at async /a.ts:1:2', and '/a.js:1' above the message of a SyntaxError. */
const FRAME =
  /^(?:\s+at (?:.*? \()?(?:async )?)?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/]).*?):(\d+(?::\d+)?)\)?$/;

function frame(line: string): { file: string; position: string } | undefined {
  const [, file, position] = FRAME.exec(line) ?? [];
  if (!file || !position) return undefined;
  // tsx adds a query to the names of its modules.
  return { file: toPath(file.replace(/\?.*$/, '')), position };
}

function toPath(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file;
  } catch {
    return file;
  }
}

/** Our own folders in the project. In an application, our code is in its node_modules. */
const OURS = ['activities', 'bin', 'client', 'drizzle', 'settings', 'worker', 'workflows'];
/** Our own folders and files in jobs/, where an author's helpers may be, too. */
const OURS_IN_JOBS = ['catalog', 'context', 'process', 'thread'];

function isAuthors(file: string): boolean {
  if (file.split(/[\\/]/).includes('node_modules')) return false;
  const inProject = path.relative(projectFolder, file).split(path.sep);
  // Compiled, or mapped to its source. Files right in dist/ are bundles of ours.
  const [folder = '', name = ''] = inProject[0] === 'dist' ? inProject.slice(1) : inProject;
  if (inProject[0] === 'dist' && name === '') return false;
  return folder === 'jobs' ? !OURS_IN_JOBS.includes(path.parse(name).name) : !OURS.includes(folder);
}
