'use strict';
// `npm start`: builds, which takes seconds, and then starts everything.
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const build = spawnSync(process.execPath, [path.join(__dirname, 'build.js')], { stdio: 'inherit' });
if (build.status === 0) require('../dist/start.js');
else {
  console.error('npm start needs the devDependencies (npm ci) and a build without errors.');
  process.exitCode = 1;
}
