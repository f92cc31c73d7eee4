'use strict';
// `npm start`: builds, where a compiler is installed (it takes seconds), then starts everything.
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const build = spawnSync(process.execPath, [path.join(__dirname, 'build.js'), '--if-possible'], {
  stdio: 'inherit',
});
if (build.status === 0) require('../dist/worker/start.js');
else process.exitCode = 1;
