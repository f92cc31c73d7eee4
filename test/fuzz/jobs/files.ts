/** How the migration of a job file may end. */
export type Ending = 'completed' | 'failed';

/**
 * Job files of shapes that nobody writes on purpose, with the ways in which they may end. Those that
 * block, never end or eat memory are in test/activities/hostile.test.ts.
 */
export const files: Readonly<Record<string, readonly [source: string, ...Ending[]]>> = {
  empty: ['', 'failed'],
  exports_null: ['module.exports = null;', 'failed'],
  exports_number: ['module.exports = 5;', 'failed'],
  run_is_a_text: ["exports.run = 'select 1';", 'failed'],
  run_is_a_class: ['exports.run = class { constructor() {} };', 'failed'],
  run_is_a_proxy: [
    'exports.run = new Proxy(async () => {}, { get() { throw new Error("trap"); }, apply: (f) => f() });',
    'completed',
    'failed',
  ],
  module_is_a_proxy: [
    'module.exports = new Proxy({}, { get() { throw new Error("trap"); }, ownKeys() { throw new Error("trap"); } });',
    'failed',
  ],
  getter_throws: [
    "Object.defineProperty(exports, 'run', { enumerable: true, get() { throw new Error('getter'); } });",
    'failed',
  ],
  options_getter_throws: [
    "exports.run = () => {}; Object.defineProperty(exports, 'options', { enumerable: true, get() { throw null; } });",
    'failed',
  ],
  imports_itself: [
    "const self = require('./0001_imports_itself'); exports.run = async () => { self.x; };",
    'completed',
  ],
  is_huge: [
    `const x = ${JSON.stringify('x'.repeat(3_000_000))}; exports.run = async () => { x.length; };`,
    'completed',
  ],
  is_binary: ['\u0001\u0002\uFFFD;;;}}}{{{', 'failed'],
  shebang: ['#!/usr/bin/env node\nexports.run = async () => {};', 'completed'],
  async_generator: [
    'exports.run = async function* () { yield 1; throw new Error("never"); };',
    'completed',
    'failed',
  ],
  returns_thenable: ['exports.run = () => ({ then(resolve) { resolve(); } });', 'completed'],
  thenable_throws: ["exports.run = () => ({ then() { throw new Error('then'); } });", 'failed'],
  thenable_answers_twice: [
    'exports.run = () => ({ then(a, b) { a(1); b(2); a(3); } });',
    'completed',
  ],
  then_getter_throws: ['exports.run = () => ({ get then() { throw Symbol("then"); } });', 'failed'],
  returns_garbage: [
    'exports.run = async () => { const a = { b: 1n, f() {} }; a.a = a; return a; };',
    'completed',
  ],
  throws_null: ['exports.run = async () => { throw null; };', 'failed'],
  throws_undefined: ['exports.run = () => { throw undefined; };', 'failed'],
  throws_symbol: ["exports.run = async () => { throw Symbol('odd'); };", 'failed'],
  throws_frozen: [
    "exports.run = async () => { throw Object.freeze(new Error('frozen')); };",
    'failed',
  ],
  throws_function: ['exports.run = async () => { throw function oops() {}; };', 'failed'],
  throws_bigint: ['exports.run = async () => { throw 5n; };', 'failed'],
  message_getter_throws: [
    "exports.run = async () => { throw Object.defineProperty(new Error(), 'message', { get() { throw new Error('no'); } }); };",
    'failed',
  ],
  throws_proxy: [
    'exports.run = async () => { throw new Proxy(new Error("x"), { get() { throw 1; }, getPrototypeOf() { throw 2; } }); };',
    'failed',
  ],
  throws_revoked_proxy: [
    'exports.run = async () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy; };',
    'failed',
  ],
  stack_is_huge: [
    "exports.run = async () => { const e = new Error('s'); e.stack = 'x'.repeat(20_000_000); throw e; };",
    'failed',
  ],
  causes_form_a_circle: [
    "exports.run = async () => { const e = new Error('c'); e.cause = e; throw e; };",
    'failed',
  ],
  overflows_the_stack: ['const f = () => f() + 1; exports.run = async () => f();', 'failed'],
  aborts: ['exports.run = async () => process.abort();', 'failed'],
  kills_itself: [
    "exports.run = async () => { process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {}); };",
    'failed',
  ],
  exits_while_loaded: ['process.exit(0);', 'failed'],
  rejects_later: [
    "exports.run = async () => { setTimeout(() => Promise.reject(new Error('later')), 5); await new Promise((r) => setTimeout(r, 300)); };",
    'failed',
  ],
  rejects_after_its_end: [
    "exports.run = async () => { setTimeout(() => { throw new Error('after'); }, 0); };",
    'completed',
    'failed',
  ],
  pollutes_object: [
    "Object.prototype.polluted = 'yes'; Object.prototype.type = 'failed'; Object.prototype.then = undefined; exports.run = async (job) => { await job.sql`select 1`; };",
    'completed',
    'failed',
  ],
  pollutes_with_a_getter: [
    "Object.defineProperty(Object.prototype, 'batch', { get() { throw new Error('batch'); }, set() {} }); exports.run = async (job) => { await job.sql`select 1`; };",
    'completed',
    'failed',
  ],
  breaks_promises: [
    'const then = Promise.prototype.then; exports.run = async () => { Promise.prototype.then = () => { throw new Error("then"); }; };',
    'completed',
    'failed',
  ],
  breaks_arrays: [
    "exports.run = async (job) => { Array.prototype.map = Array.prototype.push = () => { throw new Error('array'); }; await job.sql`select 1`; };",
    'completed',
    'failed',
  ],
  breaks_json: [
    "JSON.stringify = () => '{'; JSON.parse = () => null; exports.run = async (job) => { job.progress(1, 2); };",
    'completed',
    'failed',
  ],
  breaks_time: [
    'Date = class { constructor() { throw new Error("Date"); } static now() { return Number.NaN; } }; performance.now = () => -1; exports.run = async (job) => { job.progress(1, 2); };',
    'completed',
    'failed',
  ],
  breaks_timers: [
    'globalThis.setTimeout = globalThis.setImmediate = () => { throw new Error("timer"); }; exports.run = async () => {};',
    'completed',
    'failed',
  ],
  breaks_process: [
    'process.send = process.on = process.exit = process.emit = () => { throw new Error("process"); }; exports.run = async () => {};',
    'completed',
    'failed',
  ],
  removes_listeners: [
    "process.removeAllListeners(); exports.run = async () => { throw new Error('unlistened'); };",
    'failed',
  ],
  breaks_errors: [
    "Error.prepareStackTrace = () => { throw new Error('stack'); }; Error.stackTraceLimit = 0; exports.run = async () => { throw new Error('untraced'); };",
    'failed',
  ],
  breaks_console: [
    "process.stdout.write = () => { throw new Error('out'); }; exports.run = async () => { try { console.log('x'); } catch {} };",
    'completed',
    'failed',
  ],
  closes_descriptors: [
    "exports.run = async () => { for (let fd = 0; fd < 40; fd++) try { require('node:fs').closeSync(fd); } catch {} };",
    'completed',
    'failed',
  ],
  writes_to_descriptors: [
    "exports.run = async () => { for (let fd = 3; fd < 40; fd++) try { require('node:fs').writeSync(fd, 'garbage\\n'); } catch {} };",
    'completed',
    'failed',
  ],
  forks_children: [
    "exports.run = async () => { for (let i = 0; i < 3; i++) require('node:child_process').spawn('sleep', ['600'], { stdio: 'inherit' }); };",
    'completed',
  ],
  changes_folder: [
    "exports.run = async (job) => { try { process.chdir('/'); } catch {} await job.sql`select 1`; };",
    'completed',
  ],
  changes_environment: [
    "process.env.DATABASE_URL = 'x'; process.env.NODE_OPTIONS = '--bad'; delete process.env.PATH; exports.run = async (job) => { await job.sql`select 1`; };",
    'completed',
  ],
  removes_its_file: [
    "exports.run = async () => { require('node:fs').rmSync(__filename); };",
    'completed',
  ],
  freezes_globals: [
    'Object.freeze(globalThis); Object.freeze(Object.prototype); Object.freeze(Array.prototype); exports.run = async (job) => { await job.sql`select 1`; };',
    'completed',
    'failed',
  ],
  checkpoints_garbage: [
    'exports.run = async (job) => { await job.saveCheckpoint(undefined).catch(() => {}); await job.saveCheckpoint(Number.NaN).catch(() => {}); await job.saveCheckpoint({ toJSON() { throw null; } }); };',
    'failed',
  ],
  reports_garbage: [
    "exports.run = async (job) => { job.progress('x', {}); job.progress(-1, -2); job.log.info(Symbol.iterator, { a: 1n }); };",
    'completed',
    'failed',
  ],
};
