'use strict';
// Writes the declarations of the package's entries to dist/: one file each, so that a reader of an
// application's editor finds everything in one place, for `import` (.d.mts) and `require` (.d.ts).
const { spawnSync } = require('node:child_process');
const { copyFileSync, rmSync } = require('node:fs');
const path = require('node:path');
const { ENTRIES } = require('./entries');

const root = path.join(__dirname, '..');
const build = path.join(root, 'build');

declarations()
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  })
  .finally(() => rmSync(build, { recursive: true, force: true }));

async function declarations() {
  const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the declarations have type errors');
  const { rollup } = await import('rollup');
  const { dts } = await import('rollup-plugin-dts');
  for (const [name, source] of Object.entries(ENTRIES)) {
    const bundle = await rollup({
      input: path.join(build, 'types', source.replace(/\.ts$/, '.d.ts')),
      // postgres.js comes inside of the package, and so do its types.
      external: (id) => !/^([./]|[A-Za-z]:|postgres$)/.test(id),
      plugins: [dts({ includeExternal: ['postgres'] })],
    });
    const file = path.join(root, 'dist', `${name}.d.ts`);
    await bundle.write({ file, format: 'es' });
    await bundle.close();
    copyFileSync(file, path.join(root, 'dist', `${name}.d.mts`));
  }
}
