import { isEsm, type Layout } from '../application/layout';
import type { Example, Kind } from './kinds/kind';

/** The files of a new migration that the author goes on with. */
export interface NewMigration {
  readonly layout: Layout;
  readonly name: string;
  readonly kind: Kind;
  readonly example: Example;
  /** As 2026-11-30. */
  readonly date: string;
}

/** The job's file. */
export function jobText({ layout, kind, example, date }: NewMigration): string {
  const comment = `\
// ${date}: what it changes, and why. Remove this file when every install has completed it.
//
// An attempt can be stopped anywhere (time limit, deploy, crash), and the next one calls run() from
// its beginning. What a walk has finished is not done again. Work outside of the database can be
// repeated, also by an older attempt that is just being ended.
`;
  const source = kind.job(example);
  return `${comment}${isEsm(layout) ? source : toCommonJs(source)}`;
}

/** Only for what the templates hold: one import in a line, one default export. */
const toCommonJs = (source: string): string =>
  source
    .replace(/^import (.+) from (.+);$/gm, 'const $1 = require($2);')
    .replace('export default ', 'module.exports = ');

/** The job's test, on a real database. */
export function testText(migration: NewMigration): string {
  const { layout, name, kind, example } = migration;
  const { columns, row, rows, killAfter, left, before, after } = kind.test;
  const { table } = example;
  const lines = [
    'const sql = openTestDatabase(databaseUrl);',
    ...(before?.split('\n') ?? []),
    '// Replace it by the tables of your application, with rows that need the change.',
    `await sql\`create table ${table} (${columns})\`;`,
    'try {',
    ...indented([
      `await sql\`insert into ${table} select ${row} from generate_series(1, ${rows}) i\`;`,
      '',
      '// Killed in the middle, as by a crash. The second attempt goes on from there.',
      `const options = { databaseUrl, killAfter: ${killAfter} };`,
      `const result = await runJob('${name}', options);`,
      '',
      ...equal(layout, 'result.error', 'null'),
      ...equal(layout, 'result.attempts.map(({ outcome }) => outcome)', "['retried', 'completed']"),
      ...equal(layout, 'result.rows', String(rows)),
      ...left(example).split('\n'),
      ...equal(layout, 'left.length', '0'),
    ]),
    '} finally {',
    ...indented([
      `await sql\`drop table ${table}\`;`,
      'await sql.end();',
      ...(after ? [after] : []),
    ]),
    '}',
  ];
  return `${imports(migration).join('\n')}

// Tests write to it: never set the database of a real installation here.
const databaseUrl = process.env['TEST_DATABASE_URL'] ?? '';

test('${name} goes on where it was killed, and does each row once', async () => {
${indented(lines).join('\n')}
}${layout.runner.name === 'node' ? '' : ', 60_000'});
`;
}

const indented = (lines: readonly string[]): string[] =>
  lines.map((line) => (line === '' ? '' : `  ${line}`));

const equal = ({ runner }: Layout, value: string, expected: string): string[] => [
  runner.name === 'node'
    ? `deepStrictEqual(${value}, ${expected});`
    : `expect(${value}).toEqual(${expected});`,
];

function imports({ layout, kind }: NewMigration): string[] {
  const { name, globals } = layout.runner;
  const ofRunner = {
    node: [
      ['deepStrictEqual', 'node:assert'],
      ['test', 'node:test'],
    ],
    vitest: [['expect, test', 'vitest']],
    jest: globals ? [] : [['expect, test', '@jest/globals']],
  }[name];
  const all = [
    ...(kind.test.imports ?? []),
    ...ofRunner,
    ['openTestDatabase, runJob', 'long-running-migrations/testing'],
  ];
  const esm = isEsm(layout) || name === 'vitest';
  return all.map(([names, from]) =>
    esm ? `import { ${names} } from '${from}';` : `const { ${names} } = require('${from}');`,
  );
}
