import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll } from '@jest/globals';
import { projectFolder } from '../../../settings/projectFolder';
import { within } from '../../../settings/within';
import { endsWithParent } from '../../../worker/local/postgres/unprivileged';
import type { CommandResult } from '../../support/lrm';

/** The longest that a command may take on a busy machine. Milliseconds. */
const ENDS_WITHIN = 40_000;

/** Runs commands of `lrm` one after the other in one process, which is started when it is needed. */
export interface Lrm {
  /** @throws Error when it does not end, or its process does */
  run(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<CommandResult>;
}

/** Call it at the top of a test file. */
export function useLrm(): Lrm {
  const drivers = new Map<boolean, Driver>();
  afterAll(() => {
    for (const driver of drivers.values()) driver.end();
  });
  return {
    run: async (env, args) => {
      // Whether a command answers in JSON is decided once in a process.
      const json = args.includes('--json');
      const driver = drivers.get(json) ?? new Driver(json);
      drivers.set(json, driver);
      try {
        return await driver.run(env, args);
      } catch (error) {
        driver.end();
        drivers.delete(json);
        throw error;
      }
    },
  };
}

class Driver {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private complaints = '';

  constructor(json: boolean) {
    const [command = '', ...args] = endsWithParent([
      ...[
        process.execPath,
        'node_modules/tsx/dist/cli.mjs',
        'test/fuzz/lrm/driver.ts',
        ...(json ? ['--json'] : []),
      ],
    ]);
    this.child = spawn(command, args, { cwd: projectFolder, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (text) => {
      this.complaints += text;
    });
    if (!this.child.stdout) throw new Error('the driver has no standard output');
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async run(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<CommandResult> {
    this.child.stdin?.write(`${JSON.stringify({ env, args })}\n`);
    const next = await within(ENDS_WITHIN, this.answers.next());
    if (!next) throw new Error(`lrm ${args.join(' ')} does not end`);
    if (next.value !== undefined) return JSON.parse(next.value);
    throw new Error(`lrm ${args.join(' ')} ended its process: ${this.complaints}`);
  }

  end(): void {
    this.child.stdin?.end();
  }
}
