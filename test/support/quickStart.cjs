'use strict';
// node quickStart.cjs <folder> <script> <arguments>: runs a script as `node <script> <arguments>` would,
// with what V8 compiled of the same modules in processes before. Half of the CPU time of an `lrm` is to
// find, read and compile a thousand files, and the tests start it a thousand times. Node can do
// this itself from version 22 on (module.enableCompileCache).
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { Script } = require('node:vm');

const [, , folder, script] = process.argv;
process.argv.splice(1, 2);
process.argv[1] = path.resolve(script);

/** Only these files, which don't change while tests run. */
const project = path.join(__dirname, '../..');
const isFixed = (file) =>
  file.startsWith(path.join(project, 'node_modules/')) ||
  file.startsWith(path.join(project, 'dist/'));

const store = path.join(folder, `${path.basename(script)}.compiled`);
const { modules, found } = readStore();
/** What this process had to compile itself. */
const compiled = [];
let looked = false;

function readStore() {
  try {
    const bytes = readFileSync(store);
    const size = bytes.readUInt32LE(0);
    const list = JSON.parse(bytes.toString('utf8', 4, 4 + size));
    let at = 4 + size;
    const next = (length) => {
      at += length;
      return bytes.subarray(at - length, at);
    };
    const entries = list.modules.map(({ file, code, ...stat }) => [
      file,
      { ...stat, code: next(code) },
    ]);
    return { modules: new Map(entries), found: new Map(list.found) };
  } catch {
    // The first process, or nothing that can be read: it is only a matter of speed.
    return { modules: new Map(), found: new Map() };
  }
}

/** Another process that does the same at this time may win: then this one's part comes the next time. */
function writeStore() {
  if (compiled.length === 0 && !looked) return;
  for (const { file, code, ...stat } of compiled) {
    modules.set(file, { ...stat, code: code.createCachedData() });
  }
  const list = JSON.stringify({
    modules: [...modules].map(([file, { code, ...stat }]) => ({
      file,
      ...stat,
      code: code.length,
    })),
    found: [...found],
  });
  const size = Buffer.alloc(4);
  const text = Buffer.from(list);
  size.writeUInt32LE(text.length);
  mkdirSync(folder, { recursive: true });
  const own = `${store}.${process.pid}`;
  writeFileSync(
    own,
    Buffer.concat([size, text, ...[...modules.values()].map((each) => each.code)]),
  );
  renameSync(own, store);
}

/** A preloaded script may find other files than another process did, on purpose. */
const isPreloaded = /--?(?:r|require|import|loader)\b/.test(process.env.NODE_OPTIONS ?? '');

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, parent, isMain, options) => {
  if (isPreloaded || options || isMain || !parent?.filename || !isFixed(parent.filename)) {
    return resolve.call(Module, request, parent, isMain, options);
  }
  const key = `${path.dirname(parent.filename)}\0${request}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  const file = resolve.call(Module, request, parent, isMain, options);
  if (isFixed(file)) {
    found.set(key, file);
    looked = true;
  }
  return file;
};

const compile = Module.prototype._compile;
Module.prototype._compile = function (source, file, ...rest) {
  if (!isFixed(file)) return compile.call(this, source, file, ...rest);
  const { size, mtimeMs } = statSync(file);
  const known = modules.get(file);
  const isKnown = known?.size === size && known.mtimeMs === mtimeMs;
  // Node compiles these in a way of its own.
  if (!isKnown && (source.startsWith('#!') || /\bimport\s*\(/.test(source))) {
    return compile.call(this, source, file, ...rest);
  }
  const code = new Script(Module.wrap(source), {
    filename: file,
    ...(isKnown && { cachedData: known.code }),
  });
  if (!isKnown || code.cachedDataRejected) compiled.push({ file, size, mtimeMs, code });
  const run = code.runInThisContext();
  run.call(this.exports, this.exports, requireOf(this), this, file, path.dirname(file));
};

/** As Node makes it. */
function requireOf(module) {
  const require = (request) => module.require(request);
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  require.resolve.paths = (request) => Module._resolveLookupPaths(request, module);
  require.main = process.mainModule;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}

process.once('exit', () => {
  try {
    writeStore();
  } catch {
    // The folder is gone with the tests.
  }
});

Module.runMain();
