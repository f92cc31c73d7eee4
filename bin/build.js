'use strict';
// Bundles the sources into dist/: a file for each entry of the package and for each process, which
// share what they have in common. With --if-possible (npm's `prepare`) a missing bundler is not an
// error: `npm ci --omit=dev` installs none.
const { existsSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { ENTRIES } = require('./entries');

const root = path.join(__dirname, '..');
const dist = path.join(root, 'dist');

/** Processes of their own, and what is loaded by its path. */
const PROCESSES = {
  lrm: 'client/main.ts',
  workerMain: 'worker/main.ts',
  testProcess: 'worker/testing/main.ts',
  jobProcess: 'jobs/process/main.ts',
  jobThread: 'jobs/thread/start/main.ts',
  jobThreadMain: 'jobs/thread/entry.ts',
  importModule: 'jobs/thread/importModule.ts',
  mapThread: 'jobs/thread/map/mapThread.ts',
  devServersProcess: 'worker/local/devServersProcess.ts',
  start: 'worker/start.ts',
  bundleWorkflows: 'worker/bundleWorkflows.ts',
  payloadConverter: 'workflows/payloadConverter.ts',
  failureConverter: 'activities/payloads/failureConverter.ts',
};

/** Temporal puts these into a sandbox without Node, so they share no file with the others. */
const SANDBOXED = ['workflows', 'payloadConverter', 'failureConverter'];

async function build() {
  // Npm also calls `prepare` at the first `npx lrm`: then what is built will do.
  const ifPossible = process.argv.includes('--if-possible');
  const byNpx = ifPossible && process.env.npm_command === 'exec';
  if (byNpx && existsSync(path.join(dist, 'lrm.js'))) return;
  if (!isInstalled('rolldown')) {
    console.log('The bundler is not installed (npm ci --omit=dev): dist/ is left as it is.');
    process.exitCode = ifPossible ? 0 : 1;
    return;
  }
  const all = { ...ENTRIES, ...PROCESSES };
  const shared = Object.keys(all).filter((name) => !SANDBOXED.includes(name));
  const written = [
    ...(await bundle({ ...pick(all, shared), ...ownJobs() })),
    ...(await Promise.all(SANDBOXED.map((name) => bundle(pick(all, [name]))))).flat(),
    ...Object.keys(ENTRIES).map(writeWrapper),
    'workflowBundle.js',
  ];
  removeStale(dist, new Set(written.map((file) => path.join(dist, file))));
  await require(path.join(dist, 'bundleWorkflows.js')).bundleWorkflows();
}

function isInstalled(name) {
  try {
    return Boolean(require.resolve(`${name}/package.json`));
  } catch {
    return false;
  }
}

const pick = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));

/** The samples, and the benchmark with its jobs: in a checkout only. */
function ownJobs() {
  const folders = ['jobs', 'test/bench/jobs'];
  const jobs = folders.flatMap((folder) =>
    list(folder)
      .filter((file) => /^[0-9]{4}_.*\.ts$/.test(file))
      .map((file) => path.join(folder, file)),
  );
  const bench = ['main', 'load/thread', 'scrypt'].map((name) => `test/bench/${name}.ts`);
  const files = [...jobs, ...bench].filter((file) => existsSync(path.join(root, file)));
  return Object.fromEntries(files.map((file) => [file.replace(/\.ts$/, ''), file]));
}

function list(folder) {
  return existsSync(path.join(root, folder)) ? readdirSync(path.join(root, folder)) : [];
}

/** @returns the files written, relative to dist/ */
async function bundle(input) {
  const { rolldown } = await import('rolldown');
  const bundled = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    // postgres.js is patched, so the patched copy comes with us (see docs/postgres-js.md).
    resolve: { alias: { postgres: path.join(root, 'node_modules/postgres/cjs/src/index.js') } },
    // A sample's own package comes with it, too: the image keeps no development dependencies.
    external: (id) => !/^([./]|[A-Za-z]:|(postgres|ngeohash)$)/.test(id),
  });
  const { output } = await bundled.write({
    dir: dist,
    format: 'cjs',
    exports: 'named',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name].js',
    sourcemap: true,
  });
  await bundled.close();
  return output.map(({ fileName }) => fileName);
}

/** For `import`: the names of the CommonJS file, which stays the only copy. */
function writeWrapper(entry) {
  const names = Object.keys(require(path.join(dist, `${entry}.js`)));
  const list = names.filter((name) => name !== 'default' && name !== '__esModule');
  writeFileSync(
    path.join(dist, `${entry}.mjs`),
    `export { ${list.join(', ')} } from './${entry}.js';\n`,
  );
  return `${entry}.mjs`;
}

/** Removes what was built from files that are gone: a removed job would still be run. */
function removeStale(folder, written) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) removeStale(file, written);
    else if (/\.(js|mjs|js\.map)$/.test(entry.name) && !written.has(file)) rmSync(file);
  }
}

build().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
