import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { projectFolder } from '../../settings/projectFolder';
import { endsWithParent } from '../../worker/local/postgres/unprivileged';

// npm run fuzz -- [--runs N] [--seed S] [words]: arbitrary values against the real servers, for as
// long as it takes. A word selects files: 'keys' those whose path has it.

const USAGE = 'npm run fuzz -- [--runs N] [--seed S] [ddl | jobs | keys | names | rows | temporal]';

const whole = (text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${JSON.stringify(text)} is not a whole number above 0`);
};

function read() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: 'string', default: '200' }, seed: { type: 'string' } },
  });
  const seed = values.seed ? whole(values.seed) : Math.ceil(Math.random() * 2 ** 31);
  return { runs: whole(values.runs), seed, words: positionals };
}

function main(): void {
  const { runs, seed, words } = read();
  const files = words.length > 0 ? words.map((word) => `test/fuzz/.*${word}`) : ['test/fuzz/'];
  console.log(`${runs} runs of each property, seed ${seed}`);
  const [command = '', ...args] = endsWithParent([
    ...[process.execPath, 'node_modules/jest/bin/jest.js', '--runInBand', ...files],
  ]);
  const child = spawn(command, args, {
    cwd: projectFolder,
    stdio: 'inherit',
    env: {
      ...process.env,
      LRM_TEST_BUILT: '1',
      FUZZ_RUNS: String(runs),
      FUZZ_SEED: String(seed),
    },
  });
  child.once('exit', (code) => {
    if (code !== 0)
      console.error(`again: npm run fuzz -- --runs ${runs} --seed ${seed} ${words.join(' ')}`);
    process.exitCode = code ?? 1;
  });
}

try {
  main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}; usage: ${USAGE}`);
  process.exitCode = 2;
}
