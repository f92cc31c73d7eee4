'use strict';
// Compiles the project to dist/ and bundles the workflows. With --if-possible (npm's `prepare`) a
// missing compiler is no error: `npm ci --omit=dev` installs none.
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, rmSync } = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const dist = path.join(root, 'dist');

// Npm also calls `prepare` at the first `npx lrm`: then what is built will do.
const ifPossible = process.argv.includes('--if-possible');
const byNpx = ifPossible && process.env.npm_command === 'exec';
if (byNpx && existsSync(path.join(dist, 'client', 'main.js'))) process.exit(0);

const compiler = findCompiler();
if (!compiler) {
  console.log('TypeScript is not installed (npm ci --omit=dev): dist/ is left as it is.');
  process.exit(ifPossible ? 0 : 1);
}
// A type error fails the build, but what was compiled all the same is left complete.
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

/** Runs a script with Node; true if it went well. */
function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return status === 0;
}

/**
 * Removes what was compiled from files that are gone: a removed job would still be run. File by
 * file, after compiling, so that a worker that runs from dist/ never finds it empty.
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
