import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { useDatabase } from '../../support/database';
import { noteTime } from '../ledger/ledger';
import type { CheckContext } from './context';
import { foreground } from './foreground';
import { forgotten } from './forgotten';
import type { Check } from './index';
import { prepare } from './judge';
import { leaks } from './leaks';
import { logs } from './logs';
import { memory } from './memory';
import { outcomes } from './outcomes';
import { openScene, type Scene, SECRET } from './scene';

const database = useDatabase();
const folder = mkdtempSync(path.join(tmpdir(), 'lrm-checks-'));
let scene: Scene;
let name: string;
let count = 0;

beforeAll(async () => {
  scene = await openScene(database.databaseUrl, database.sql);
});
beforeEach(() => {
  name = `${1000 + ++count}_a`;
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true });
});

async function found(check: Check, more: Partial<CheckContext> = {}): Promise<string[]> {
  await prepare(database.sql);
  const all = await check({ ...scene.context(name), ...more });
  return all.map(({ what }) => what.replaceAll(name, '0001_a'));
}

describe("attempts' outcomes", () => {
  const ofThis = async (more: Partial<CheckContext> = {}) =>
    (await found(outcomes, more)).filter((what) => what.includes('0001_a'));

  test('need an end', async () => {
    await scene.migrate(name);
    await scene.claim(name);
    expect(await ofThis()).toEqual(['attempt 1 of 0001_a has no end']);
  });

  test('need a reason, at the time and of the right worker', async () => {
    await scene.migrate(name);
    await noteTime(database.sql);
    const from = Date.now();
    await scene.claim(name);
    await (await scene.claim(name)).end('completed');
    await noteTime(database.sql);
    await noteTime(database.sql);
    const upto = Date.now();
    const without = ['attempt 1 of 0001_a is interrupted, and nothing has brought that about'];
    expect(await ofThis()).toEqual(without);
    const workers = [{ pid: 4711, worker: 2, from, upto }];
    const fault = { kind: 'SIGKILL of a worker', part: 'worker' as const, worker: 2, from, upto };
    expect(await ofThis({ workers, faults: [fault] })).toEqual([]);
    expect(await ofThis({ workers, faults: [{ ...fault, worker: 1 }] })).toEqual(without);
    const hour = 3_600_000;
    const earlier = { ...fault, from: from - hour, upto: upto - hour };
    const later = { ...fault, from: from + hour, upto: upto + hour };
    expect(await ofThis({ workers, faults: [earlier, later] })).toEqual(without);
  });

  test('of an operator need a request', async () => {
    await scene.migrate(name);
    const attempt = await scene.claim(name);
    await attempt.end('cancelled');
    expect(await ofThis()).toEqual([
      'attempt 1 of 0001_a is cancelled, and nothing has brought that about',
    ]);
  });

  test('that fail need a job that was meant to', async () => {
    const expected = await scene.migrate(name);
    await (await scene.claim(name)).end('failed');
    const faults = [{ kind: 'any', part: 'postgres' as const, from: 0, upto: Date.now() }];
    expect(await ofThis({ faults })).toEqual([
      'attempt 1 of 0001_a is failed, and nothing has brought that about',
    ]);
    expect(await ofThis({ migrations: [{ ...expected, end: 'failed' }] })).toEqual([]);
  });

  test('have numbers without gaps', async () => {
    await scene.complete(name);
    await database.sql`update long_running_migrations.attempts set number = 2 where migration = ${name}`;
    expect(await ofThis()).toEqual([
      'attempt 2 of 0001_a is number 1 of those that are there',
      '0001_a counts 1 attempts, the last is 2',
    ]);
  });
});

describe('what is forgotten', () => {
  test('is found: not ended, gone, or never registered', async () => {
    await scene.complete(name);
    const completed = { name, end: 'completed' as const };
    const ofThis = async (migrations: CheckContext['migrations']) =>
      (await found(forgotten, { migrations })).filter((what) => what.includes('0001_a'));
    expect(await ofThis([completed])).toEqual([]);
    expect(await ofThis([])).toEqual(['0001_a is there, and nobody registered it']);
    await scene.status(name, 'created');
    expect(await ofThis([completed])).toEqual(['0001_a is created, and must be completed']);
    await scene.claim(name);
    expect(await ofThis([{ name, end: 'any' }])).toEqual([
      '0001_a is in_progress, and must be completed or failed or paused or cancelled or reverted',
      '0001_a is in_progress and has a current attempt',
    ]);
    expect(await found(forgotten, { migrations: [{ name: '0999_b', end: 'any' }] })).toContain(
      '0999_b is not registered any more',
    );
  });
});

describe('the foreground', () => {
  const account = (more: object = {}, errors: object[] = []) => ({
    foreground: {
      session: 'test',
      tables: [{ table: `rows_of_${name}`, column: 'touched', added: 2, doubtful: 1, ...more }],
      errors: errors as never,
    },
  });

  test('finds its rows as it left them, and what it was told', async () => {
    const { sql } = database;
    await scene.complete(name);
    const table = sql(`rows_of_${name}`);
    await sql`update ${table} set touched = touched + 1 where id in (1, 2)`;
    expect(await found(foreground, account())).toEqual([]);
    expect(await found(foreground, account({ added: 3 }))).toEqual([
      `rows_of_0001_a has 2 of its additions, expected 3 to 4`,
    ]);
    expect(await found(foreground, account({ added: 0, doubtful: 1 }))).toEqual([
      `rows_of_0001_a has 2 of its additions, expected 0 to 1`,
    ]);
    const rows = new Map([
      ['1', 'gone'],
      ['2', 'there'],
      ['99', 'there'],
      ['98', 'unknown'],
    ]);
    expect(await found(foreground, account({ rows }))).toEqual([
      'row 1 of rows_of_0001_a is there again',
      'row 99 of rows_of_0001_a is missing',
    ]);
  });

  test('notices a row that others have written', async () => {
    const { sql } = database;
    await scene.migrate(name);
    const attempt = await scene.claim(name);
    const table = sql(`rows_of_${name}`);
    await sql`update ${table} set touched = touched + 1 where id in (1, 2)`;
    await attempt.sql`update ${table} set touched = 0 where id = 2`;
    await sql`alter table ${table} disable trigger zz_chaos_updated`;
    await sql`update ${table} set touched = 0 where id = 1`;
    await sql`alter table ${table} enable trigger zz_chaos_updated`;
    expect(await found(foreground, account())).toEqual([
      '1 of its changes in rows_of_0001_a were made by others',
      '1 rows of rows_of_0001_a are not as it left them, like 1',
    ]);
  });

  test('meets no errors but those of faults', async () => {
    await scene.complete(name);
    const at = Date.now();
    const errors = [{ from: at - 100, at, code: '57P01' }];
    const given = account({ added: 0 }, errors);
    expect(await found(foreground, given)).toEqual([
      `it met 57P01 at ${new Date(at).toISOString()}, and no fault has caused that`,
    ]);
    const faults = [{ kind: 'crash', part: 'postgres' as const, from: at - 1_000, upto: at }];
    expect(await found(foreground, { ...given, faults })).toEqual([]);
  });
});

describe('leaks', () => {
  test('of sessions, locks, processes and files are found', async () => {
    const temporary = path.join(folder, 'tmp');
    mkdirSync(path.join(temporary, 'tsx-0'), { recursive: true });
    // The scene's own sessions are over.
    await scene.close();
    expect(await found(leaks, { temporary })).toEqual([]);
    const worker = connect(database.databaseUrl, { max: 1, applicationName: 'lrm worker' });
    const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      env: { TMPDIR: temporary },
      stdio: 'ignore',
    });
    try {
      const [session] = await worker`select pg_backend_pid() as pid, pg_advisory_lock(1)`;
      writeFileSync(path.join(temporary, 'left-over'), '');
      expect(await found((context) => leaks(context, 0), { temporary })).toEqual([
        `session ${session?.['pid']} holds an advisory lock`,
        `session ${session?.['pid']} of lrm worker is open`,
        expect.stringMatching(new RegExp(`^process ${left.pid} runs still: .*node`)),
        'left-over is left in the folder for temporary files',
      ]);
    } finally {
      left.kill();
      await once(left, 'exit');
      await worker.end();
    }
  });

  test('of memory are found', async () => {
    const grows = (each: number, pid: number) =>
      Array.from({ length: 60 }, (_, sample) => ({
        pid,
        at: sample * 10_000,
        // A peak is no leak, nor is what a worker needs at first.
        bytes: (sample < 12 ? 20 : 100 + each * sample + (sample % 2) * 200) * 1024 ** 2,
      }));
    expect(
      await memory({ ...scene.context(name), memory: [...grows(0, 1), ...grows(3, 2)] }),
    ).toEqual([{ check: 'memory', what: 'worker process 2 grew from 136 to 232 MB in 8 minutes' }]);
  });
});

describe('logs', () => {
  test('have no stack traces, no aborts and no row values', async () => {
    await scene.complete(name);
    const files = mkdtempSync(path.join(folder, 'logs-'));
    const write = (file: string, ...lines: string[]) =>
      writeFileSync(path.join(files, file), `${lines.join('\n')}\n`);
    write('worker-1.log', '{"level":30,"msg":"at 12:30:15 all is well"}');
    write('postgres.log', `DETAIL:  Failing row contains (${SECRET}).`);
    expect(await found(logs, { folder: files })).toEqual([]);
    write(
      'worker-2.log',
      'fine',
      String.raw`{"msg":"x","stack":"Error: x\n    at run (/app/dist/a.js:1:2)"}`,
    );
    write('worker-3.log', '    at run (/app/dist/a.js:1:2)', 'FATAL ERROR: Reached heap limit');
    write('operator-1.log', `error: ${SECRET} 5`, 'UnhandledPromiseRejection: x', `${SECRET}`);
    await database.sql`update long_running_migrations.migrations set error = ${SECRET} where name = ${name}`;
    await database.sql`update long_running_migrations.migrations set error = null where name = ${name}`;
    await database.sql`update long_running_migrations.attempts set error = ${`x ${SECRET}`} where migration = ${name}`;
    expect((await found(logs, { folder: files })).sort()).toEqual([
      "operator-1.log has a row's value in 2 lines, the first is line 1",
      'operator-1.log has an error that nobody has handled in 1 lines, the first is line 2',
      "table attempts holds a row's value",
      "table attempts, earlier holds a row's value",
      "table migrations, earlier holds a row's value",
      'worker-2.log has a stack trace in 1 lines, the first is line 2',
      'worker-3.log has a stack trace in 1 lines, the first is line 1',
      'worker-3.log has an abort of Node in 1 lines, the first is line 2',
    ]);
  });
});
