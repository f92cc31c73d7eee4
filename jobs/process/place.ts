import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../../settings/projectFolder';

/** Between an author's line and where our code or a library throws there are easily twenty frames. */
const FRAMES = 50;

/** To be called before a job is loaded: its errors then name the lines its author wrote. */
export function traceToSources(): void {
  process.setSourceMapsEnabled(true);
  Error.stackTraceLimit = FRAMES;
}

/**
 * file:line:column of the first frame in the author's own code, undefined when there is none: a line
 * of ours or of a library would only mislead. Of a stack nothing else is safe to tell.
 */
export function placeOf(stack: unknown, message: unknown): string | undefined {
  if (typeof stack !== 'string') return undefined;
  // The message comes first, and its lines may look like frames.
  const frames = typeof message === 'string' ? stack.replace(message, '') : stack;
  for (const line of frames.split('\n')) {
    const { file, position } = frame(line) ?? {};
    if (file && isAuthors(file)) return `${path.basename(file)}:${position}`;
  }
  return undefined;
}

/** 'at f (/a.ts:1:2)', 'at async /a.ts:1:2'; before the message of a SyntaxError: '/a.js:1'. */
const FRAME =
  /^(?:\s+at (?:.*? \()?(?:async )?)?((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/]).*?):(\d+(?::\d+)?)\)?$/;

function frame(line: string): { file: string; position: string } | undefined {
  const [, file, position] = FRAME.exec(line) ?? [];
  if (!file || !position) return undefined;
  // tsx tells its modules apart by a query.
  return { file: toPath(file.replace(/\?.*$/, '')), position };
}

function toPath(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file;
  } catch {
    return file;
  }
}

/** Folders of ours in the project; in an application we are in its node_modules. */
const OURS = ['activities', 'bin', 'client', 'drizzle', 'settings', 'worker', 'workflows'];
/** And beside the jobs, where an author's helpers may lie as well. */
const OURS_IN_JOBS = ['catalog', 'context', 'process', 'thread'];

function isAuthors(file: string): boolean {
  if (file.split(/[\\/]/).includes('node_modules')) return false;
  const inProject = path.relative(projectFolder, file).split(path.sep);
  // Compiled, or mapped to its source.
  const [folder = '', name = ''] = inProject[0] === 'dist' ? inProject.slice(1) : inProject;
  return folder === 'jobs' ? !OURS_IN_JOBS.includes(path.parse(name).name) : !OURS.includes(folder);
}
