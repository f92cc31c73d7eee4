import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { projectFolder } from '../../../settings/projectFolder';
import { row } from '../../drizzle/rows/rows';
import { useDevServers } from '../../support/devServers';
import { lrmWith } from '../lrm';

const servers = useDevServers();
let folder: string;

beforeAll(() => {
  const jobs = servers.jobsFolder();
  folder = jobs.path;
  jobs.writeJob(
    '0001_sample',
    `const { z } = require(${JSON.stringify(path.join(projectFolder, 'node_modules/zod'))});
    exports.input = z.object({ tenant: z.object({ id: z.string() }) }).refine(async () => true);
    exports.run = async () => {};`,
  );
  jobs.writeJob('0002_free', 'exports.run = async () => {};');
  jobs.writeJob('0003_broken', 'throw new Error("a service is down");');
});

beforeEach(() => servers.sql`truncate long_running_migrations.migrations cascade`);

const lrm = (...args: string[]) => lrmWith(servers, { LRM_JOBS_DIR: folder })('register', ...args);
const file = (text: string) => {
  const name = path.join(folder, 'targets.txt');
  writeFileSync(name, text);
  return name;
};
const registered = async () =>
  (await servers.sql`select name from long_running_migrations.migrations order by name`).map(
    ({ name }) => name,
  );

const SEVEN = '{"tenant":{"id":"seven"}}';

test('lrm register --input stores what fits the schema', async () => {
  expect(await lrm('1:tenant_7', '--input', SEVEN)).toMatchObject({
    code: 0,
    stdout: '0001_sample:tenant_7 is registered\n',
    stderr: '',
  });
  expect(await row(servers.sql, '0001_sample:tenant_7')).toMatchObject({
    input: { tenant: { id: 'seven' } },
  });
});

test.each([
  ['0001_sample', '{"tenant":{"id":7}}', '0001_sample: input.tenant.id: '],
  ['0001_sample', undefined, "0001_sample: it needs an input (--input '{…}'): input: "],
  ['0001_sample', '{tenant:7}', '--input: the input is not JSON (at character 2)'],
  ['0002_free', '{"a":"\\u0000"}', '--input: input.a has a \\u0000'],
  ['0002_free:../x', '{}', 'it is a path'],
  ['0002_free:', '{}', 'the target is empty'],
  ['0002_free:a b', '{}', 'a target has letters, digits'],
])('lrm register %s --input %s: exit 2, nothing is registered', async (name, input, problem) => {
  const { code, stderr } = await lrm(
    '0002_free',
    name,
    ...(input === undefined ? [] : ['--input', input]),
  );
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(problem) });
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(await registered()).toEqual([]);
});

test('a job that cannot be loaded here is registered, with a warning', async () => {
  const { code, stderr } = await lrm('3', '--input', '{}');
  expect(code).toBe(0);
  expect(stderr).toMatch(
    "0003_broken: its input was not checked: the job can't be loaded: Error: a service is down",
  );
});

test('the same again changes nothing; with another input it is refused', async () => {
  await lrm('2', '--input', '{"a": 1, "b": 2}');
  for (const args of [['--input', '{"b":2,"a":1.0}'], []]) {
    expect(await lrm('2', ...args)).toMatchObject({
      code: 0,
      stdout: '0002_free is already registered: nothing changed\n',
    });
  }
  const { code, stderr } = await lrm('2', '--input', '{"a":2}');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'lrm: 0002_free is registered with another input: nothing was changed. To see it: npx lrm ' +
      'status 0002_free; to register it anew: npx lrm unregister 0002_free first\n',
  });
  expect(await row(servers.sql, '0002_free')).toMatchObject({ input: { a: 1, b: 2 } });
});

test('--targets registers thousands at once, each with its own input', async () => {
  const lines = Array.from({ length: 3_000 }, (_, at) => `t${at}\t{"tenant":{"id":"${at}"}}`);
  const targets = file(`\ufeff${lines.join('\r\n')}\r\n\r\n`);
  expect(await lrm('1', '--targets', targets)).toMatchObject({
    code: 0,
    stdout: '3000 targets of 0001_sample are registered\n',
    stderr: '',
  });
  expect(await row(servers.sql, '0001_sample:t2999')).toMatchObject({
    input: { tenant: { id: '2999' } },
  });
  const more = file(`${lines.slice(0, 3).join('\n')}\nnew`);
  const again = await lrm('1', '--targets', more, '--input', SEVEN, '--json');
  expect(JSON.parse(again.stdout)).toEqual([
    ...['t0', 't1', 't2'].map((each) =>
      expect.objectContaining({ name: `0001_sample:${each}`, result: 'unchanged' }),
    ),
    { name: '0001_sample:new', status: 'created', result: 'registered', error: null, run: null },
  ]);
  expect(await row(servers.sql, '0001_sample:new')).toMatchObject({ input: JSON.parse(SEVEN) });
});

test.each([
  [
    `a\t${SEVEN}\nb/c\t${SEVEN}\n\nd\t{tenant}\na\t${SEVEN}\ne`,
    /line 2: a target has letters.*; line 4: the input is not JSON.*; line 5: the same target as line 1\. Nothing was registered$/,
  ],
  [
    `a\t${SEVEN}\nb\t{"tenant":{"id":7}}\nc`,
    /line 2: input\.tenant\.id: .*; line 3: it needs an input .*Nothing was registered$/,
  ],
  [' \n\n', /there is no target in it$/],
])(
  '--targets with lines that cannot be used: exit 2, nothing is registered',
  async (text, line) => {
    const { code, stderr } = await lrm('1', '--targets', file(text));
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 2,
      stderr: expect.stringMatching(line),
    });
    expect(await registered()).toEqual([]);
  },
);

test('--targets registers nothing when one is registered with another input', async () => {
  await lrm('2:b', '--input', '1');
  const { code, stderr } = await lrm('2', '--targets', file('a\t1\nb\t2\nc\t3'));
  expect(code).toBe(1);
  expect(stderr).toMatch('0002_free:b is registered with another input: nothing was changed.');
  expect(await registered()).toEqual(['0002_free:b']);
});

test.each([
  [['1', '2', '--targets', 'x'], '--targets takes the name of one job without a target'],
  [['1:a', '--targets', 'x'], '--targets takes the name of one job without a target'],
  [
    ['1', '--targets', '/nowhere/x'],
    "--targets /nowhere/x: the file can't be read (ENOENT): it takes a file with a target a line, or -",
  ],
  [
    ['1', '--targets', 'a,b'],
    "--targets a,b: the file can't be read (ENOENT): it takes a file with",
  ],
])('lrm register %j: exit 2', async (args, problem) => {
  const { code, stderr } = await lrm(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(problem) });
});
