import { createInterface } from 'node:readline';
import { runCommand } from '../../../client/runCommand';

// Runs one command of `lrm` after the other, as client/main.ts does, in one process: to start a process
// takes a hundred times as long as most commands. Each line of standard input is a request.

interface Request {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const [out, err] = [process.stdout, process.stderr].map((stream) => stream.write.bind(stream));
const own = { ...process.env };
let printed = { stdout: '', stderr: '' };

function capture(name: 'stdout' | 'stderr'): void {
  process[name].write = ((text: string | Uint8Array, ...rest: unknown[]) => {
    printed[name] += Buffer.from(text as string).toString();
    const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    if (done) setImmediate(done);
    return true;
  }) as typeof process.stdout.write;
}

function answer(code: unknown): void {
  out?.(`${JSON.stringify({ code, ...printed })}\n`);
  printed = { stdout: '', stderr: '' };
}

async function run({ args, env }: Request): Promise<void> {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, own, env);
  process.argv = [process.argv[0] ?? 'node', 'lrm', ...args];
  answer(await runCommand());
}

capture('stdout');
capture('stderr');
process.noDeprecation = true;
process.on('uncaughtException', (error) => {
  err?.(`${error.stack}\n`);
  process.abort();
});

const requests = createInterface({ input: process.stdin });
let queue = Promise.resolve();
requests.on('line', (line) => {
  queue = queue.then(() => run(JSON.parse(line)));
});
requests.on('close', () => process.kill(process.pid, 'SIGKILL'));
