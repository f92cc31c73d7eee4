'use strict';
// Compiles the project to dist/ and bundles the workflows. With --if-possible (npm's `prepare`) a
// missing compiler is not an error, because `npm ci --omit=dev` does not install one.
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, rmSync } = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const dist = path.join(root, 'dist');

// npm also runs `prepare` at the first `npx lrm`. An existing build is good enough then.
const ifPossible = process.argv.includes('--if-possible');
const byNpx = ifPossible && process.env.npm_command === 'exec';
if (byNpx && existsSync(path.join(dist, 'client', 'main.js'))) process.exit(0);

const compiler = findCompiler();
if (!compiler) {
  console.log('TypeScript is not installed (npm ci --omit=dev), so dist/ stays as it is.');
  process.exit(ifPossible ? 0 : 1);
}
// A type error makes the build fail, but the compiled files are still made complete.
const compiled = run(compiler, ['-p', path.join(root, 'tsconfig.build.json')]);
if (existsSync(dist)) removeStale(dist);
const bundler = path.join(dist, 'worker', 'bundleWorkflows.js');
const bundled = !existsSync(bundler) || run(bundler, []);
process.exitCode = compiled && bundled ? 0 : 1;

function findCompiler() {
  try {
    return path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  } catch {
    return undefined;
  }
}

/** Runs a script with Node. Returns true if it succeeded. */
function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return status === 0;
}

/**
 * Removes compiled files without a source: a removed job would still run. Only after compiling and
 * one by one, so that dist/ is never empty while a worker runs from it.
 */
function removeStale(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) removeStale(file);
    else if (/\.js(\.map)?$/.test(entry.name) && !existsSync(sourceOf(file)) && !isBundle(file)) {
      rmSync(file);
    }
  }
}

function sourceOf(file) {
  return path.join(root, path.relative(dist, file)).replace(/\.js(\.map)?$/, '.ts');
}

function isBundle(file) {
  return path.relative(dist, file).startsWith(path.join('workflows', 'bundle.'));
}
