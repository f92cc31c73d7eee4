#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');

const main = path.join(__dirname, '..', 'dist', 'lrm.js');
if (existsSync(main)) require(main);
else {
  console.error('lrm is not built yet: run `npm run build`.');
  process.exitCode = 2;
}
