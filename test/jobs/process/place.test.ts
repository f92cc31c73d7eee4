import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import { useDevServers } from '../../support/devServers';
import type { JobsFolder } from '../../support/jobsFolder';
import { register, startRun, waitForMigration } from '../../support/migrations';

const servers = useDevServers();

/** `// here` marks the line where each job fails. */
const FAILING: Readonly<Record<string, string>> = {
  throws_at_once: `throw new Error('it'); // here`,
  throws_later: `await new Promise((resolve) => setTimeout(resolve, 1));
    throw new Error('it'); // here`,
  throws_in_an_async_arrow: `await Promise.all([1].map(async () => {
      await null;
      throw new Error('it'); // here
    }));`,
  fails_in_sql: `await job.sql\`select nme from people\`; // here`,
  fails_in_db_execute: `await job.db.execute(sql\`select nme from people\`); // here`,
  fails_in_a_select: `await job.db.select().from(pgTable('nowhere', { id: integer('id') })); // here`,
  fails_in_a_transaction: `await job.db.transaction(async (tx) => {
      await tx.execute(sql\`select 1\`);
      await tx.update(people).set({ age: sql\`1 / 0\` }); // here
    });`,
  throws_in_a_batch: `await job.inBatches(people, { key: people.id }, async (tx, batch) => {
      await tx.execute(sql\`select 1\`);
      throw new Error('it'); // here
    });`,
  fails_in_a_batch: `await job.inBatches(people, { key: people.id, lanes: 2 }, async (tx, batch) => {
      await tx.update(people).set({ age: -1 }).where(batch); // here
    });`,
  fails_in_update_rows: `await job.inBatches(people, { key: people.id }, async (tx, batch) => {
      const rows = await batch.rows({ id: people.id });
      await job.updateRows(tx, people, people.id, rows.map(({ id }) => ({ id, age: -1 }))); // here
    });`,
  throws_for_each_row: `await job.forEach(people, { key: people.id }, async (row) => {
      await null;
      throw new Error('it'); // here
    });`,
  is_refused: `await job.inBatches(people, { key: people.age }, async () => {}); // here`,
  saves_what_it_can_not: `await job.saveCheckpoint(10n); // here`,
  throws_in_a_timer: `await new Promise(() => setTimeout(() => {
      throw new Error('it'); // here
    }, 1));`,
};

const source = (body: string, type = '') => `import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
${type}const people = pgTable('people', { id: integer('id'), age: integer('age') });
export async function run(job${type && ': any'}) {
  ${body}
}
`;

/** The compiler removes it, so that the lines below get other numbers. */
const TYPE = 'interface Nothing {\n  a: string;\n}\nexport type Something = Nothing;\n';
const COMMON_JS = { jsc: { target: 'es2022' }, module: { type: 'commonjs' } } as const;
const TYPESCRIPT = { parser: { syntax: 'typescript' }, target: 'es2022' } as const;

/** Writes an author's file into the folder. Returns the expected place. */
const LANGUAGES: Readonly<Record<string, (folder: string, name: string, body: string) => string>> =
  {
    js: (folder, name, body) => {
      const code = source(body)
        .replace(/^import (.*) from (.*);$/gm, 'const $1 = require($2);')
        .replace('export async function run', 'exports.run = async function run');
      writeFileSync(path.join(folder, `${name}.js`), code);
      return placeIn(`${name}.js`, code);
    },
    mjs: (folder, name, body) => {
      writeFileSync(path.join(folder, `${name}.mjs`), source(body));
      return placeIn(`${name}.mjs`, source(body));
    },
    ts: (folder, name, body) => {
      writeFileSync(path.join(folder, `${name}.ts`), source(body, TYPE));
      return placeIn(`${name}.ts`, source(body, TYPE));
    },
    ts_module: (folder, name, body) => inPackage(folder, 'module', name, body),
    ts_commonjs: (folder, name, body) => inPackage(folder, 'commonjs', name, body),
    mapped: (folder, name, body) => {
      const { code, map } = transformSync(source(body, TYPE), {
        ...COMMON_JS,
        jsc: TYPESCRIPT,
        sourceMaps: true,
        filename: path.join(folder, `${name}.ts`),
      });
      writeFileSync(
        path.join(folder, `${name}.js`),
        `${code}//# sourceMappingURL=${name}.js.map\n`,
      );
      writeFileSync(path.join(folder, `${name}.js.map`), map ?? '');
      return placeIn(`${name}.ts`, source(body, TYPE));
    },
  };

/** A job whose code is in a package of this type: tsx loads each in another way. */
function inPackage(folder: string, type: string, name: string, body: string): string {
  const inner = path.join(folder, type);
  mkdirSync(inner, { recursive: true });
  writeFileSync(path.join(inner, 'package.json'), JSON.stringify({ type }));
  writeFileSync(path.join(inner, `${name}_body.ts`), source(body, TYPE));
  writeFileSync(path.join(folder, `${name}.ts`), `export { run } from './${type}/${name}_body';\n`);
  return placeIn(`${name}_body.ts`, source(body, TYPE));
}

const placeIn = (file: string, code: string): string =>
  `at ${file}:${code.split('\n').findIndex((line) => line.includes('// here')) + 1}:`;

/** Failures to test in each language. The others are only tested in JavaScript. */
const IN_EACH = ['throws_at_once', 'throws_later', 'fails_in_sql', 'throws_in_a_batch'];
const CASES = Object.keys(LANGUAGES).flatMap((language) =>
  (language === 'js' ? Object.keys(FAILING) : IN_EACH).map((how) => [language, how] as const),
);

describe('the place of an error is a line of the author’s code', () => {
  const expected = new Map<string, string>();
  const nameOf = (language: string, how: string) => `0001_${language}_${how}`;
  let jobs: JobsFolder;

  beforeAll(async () => {
    jobs = servers.jobsFolder();
    for (const [language, how] of CASES) {
      const name = nameOf(language, how);
      const write = LANGUAGES[language];
      if (write) expected.set(name, write(jobs.path, name, FAILING[how] ?? ''));
    }
    await servers.sql`create table people (id int primary key, age int check (age > 0))`;
    await servers.sql`insert into people select n, n from generate_series(1, 10) n`;
    await servers.startWorker({ jobs, env: { LRM_MAX_CONCURRENT: '3', LRM_MAX_FAILURES: '1' } });
    await register(servers, ...expected.keys());
    await startRun(servers);
  }, 60_000);

  test.each(CASES)('%s: %s', async (language, how) => {
    const name = nameOf(language, how);
    const { error } = await waitForMigration(
      servers,
      name,
      'fail',
      (row) => row.status === 'failed',
    );
    expect(error).toContain(expected.get(name));
  });
});
