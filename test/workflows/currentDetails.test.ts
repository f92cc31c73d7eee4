import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type RunSnapshot, currentDetails as render } from '../../workflows/currentDetails';
import { useDevServers } from '../support/devServers';
import { currentDetails, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAME = '0001_steps';

beforeAll(async () => {
  await servers.sql`create table gate ()`;
});

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations, gate cascade`;
});

afterEach(async () => {
  await servers.client.workflow
    .getHandle('long-running-migrations')
    .terminate()
    .catch(() => {});
});

const openGate = () => servers.sql`insert into gate default values`;

test('a running migration is shown as running, with its attempt number', async () => {
  const jobs = servers.jobsFolder();
  // The first attempt fails, the second waits for the gate.
  jobs.writeJob(
    NAME,
    `exports.run = async (job) => {
      while ((await job.sql\`select from gate\`).length === 0) {
        if (job.attempt === 1) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED', syscall: 'connect' });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };`,
  );
  const worker = await servers.startWorker({
    jobs,
    env: { LRM_RETRY_INITIAL_INTERVAL: '300 ms' },
  });
  await register(servers, NAME);
  const run = await startRun(servers);
  await waitForMigration(servers, NAME, 'run', (row) => row.attempts === 2);

  const details = await waitFor('the details to say so', async () => {
    const text = await currentDetails(servers);
    return text.includes('| in_progress\u2003 | 2\u2003 |') && text;
  });

  expect(details).toMatch(/^\*\*1 in&#95;progress\*\*/);
  expect(details).not.toMatch('created');
  await openGate();
  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  expect(await currentDetails(servers)).toMatch('| completed\u2003 | 2\u2003 |');
  // Two attempts, and each sends its number: at most three listings, and no timers.
  expect((await run.describe()).historyLength).toBeLessThan(60);
  await worker.stop();
});

test('a migration that no worker has begun yet is not shown as running', () => {
  const shown = render({
    ...NOTHING,
    overview: {
      counts: { created: 1 },
      rows: [{ name: NAME, status: 'created', attempts: 0, waitsFor: null, error: null }],
    },
    running: new Set([NAME]),
  });

  expect(shown).toMatch('| created\u2003 | 0\u2003 |');
  expect(shown).toMatch('waits for a worker to begin it');
});

test.each([
  ['created', 'to be reverted; waits for its turn'],
  ['in_progress', 'reverting; continues when its turn comes'],
  ['paused', 'while reverting'],
] as const)('a migration to be reverted that is %s says so', (status, text) => {
  const row = { name: NAME, status, attempts: 1, waitsFor: null, error: null };
  const forward = render({ ...NOTHING, overview: { counts: {}, rows: [row] } });
  const shown = render({
    ...NOTHING,
    overview: { counts: {}, rows: [{ ...row, direction: 'revert' }] },
  });
  expect(shown).toMatch(text);
  expect(forward).not.toMatch('revert');
});

test('texts from outside are shown as they are, not as Markdown or HTML, on one line', () => {
  const error =
    'no | `x` <img src=x onerror=alert(1)>\n# head\n[a](javascript:b) **b** \u202egpj\u001b[31m';
  const shown = render({
    ...NOTHING,
    overview: {
      counts: { failed: 1 },
      rows: [{ name: NAME, status: 'failed', attempts: 1, waitsFor: null, error }],
    },
    result: {
      ...NOTHING.result,
      left: { count: 1, first: [{ name: '0002_left', reason: '<b>**waits**</b>\n\n- x' }] },
    },
  });

  for (const raw of ['<', '>', '\u202e', '\u001b']) expect(shown).not.toContain(raw);
  expect(shown).not.toMatch(/\n# head|\]\(|\*\*b\*\*|\*\*waits/);
  expect(shown).toMatch('&#60;img src=x onerror=alert&#40;1&#41;&#62; &#35; head');
  // The command is never cut off: it is on its own line.
  expect(shown).toMatch(/\n {2}`npx lrm retry 0001_steps`\n/);
});

test('nothing registered, and nothing to know', () => {
  expect(render(NOTHING)).toBe(
    [
      '**nothing registered**',
      '',
      '| status\u2003 | attempts\u2003 | migration |',
      '| :--- | :--- | :--- |',
      '',
      "Live figures (rows, rows/s, ETA): 'Pending Activities', heartbeat details; or `npx lrm status --watch`.",
    ].join('\n'),
  );
});

type Row = Omit<RunSnapshot['overview']['rows'][number], 'name' | 'attempts'>;
const row: Row = { status: 'created', waitsFor: null, error: null };

test.each<[string, Partial<Row>, boolean, string, string]>([
  ['a created one', {}, false, 'waits for its turn', ''],
  ['a created one with a reason', { waitsFor: 'waits for x' }, false, 'waits for x', ''],
  ['a running one', { status: 'in_progress' }, true, '', 'lrm pause'],
  [
    'an interrupted one',
    { status: 'in_progress' },
    false,
    'continues when its turn comes',
    'lrm pause',
  ],
  [
    'a running one that had an error',
    { status: 'in_progress', error: 'away' },
    true,
    'last error&#58; away',
    'lrm pause',
  ],
  [
    'an interrupted one with a reason',
    { status: 'in_progress', waitsFor: 'no file' },
    false,
    'waits&#58; no file',
    'lrm pause',
  ],
  ['a failed one', { status: 'failed', error: 'Error' }, false, 'Error', 'lrm retry'],
  ['a paused one', { status: 'paused' }, false, '', 'lrm resume'],
  ['a cancelled one', { status: 'cancelled' }, false, '', ''],
  ['a completed one', { status: 'completed' }, false, '', ''],
])('%s has its note and its command', (_, given, isRunning, note, command) => {
  const shown = render({
    ...NOTHING,
    overview: {
      counts: { [given.status ?? 'created']: 1, failed: given.status === 'failed' ? 1 : 0 },
      rows: [{ ...row, ...given, name: NAME, attempts: 12 }],
    },
    running: new Set(isRunning ? [NAME] : []),
  });

  const lines = shown.split('\n').filter((line) => line.startsWith('-') || line.startsWith('  '));
  const first = `- 0001&#95;steps${note && `: ${note}`}`;
  const about = command ? [`${first}  `, `  \`npx ${command} 0001_steps\``] : [first];
  expect(lines).toEqual(note || command ? about : []);
  expect(shown).toMatch(`| ${given.status ?? 'created'}\u2003 | 12\u2003 | 0001&#95;steps |`);
  // A count of nothing is not shown.
  expect(shown.split('\n')[0]).not.toMatch(/\b0 /);
});

test('what was not started has its reason once: in its row, or in a list', () => {
  const first = [
    { name: NAME, reason: 'no file' },
    { name: '0002_beyond_the_table', reason: 'no file either' },
  ];
  const shown = render({
    ...NOTHING,
    overview: { counts: { created: 2 }, rows: [{ ...row, name: NAME, attempts: 0 }] },
    result: { ...NOTHING.result, left: { count: 2, first } },
  });

  expect(shown).toMatch('**Notes and commands**\n\n- 0001&#95;steps: no file\n');
  expect(shown).toMatch('**Not started**\n\n- 0002&#95;beyond&#95;the&#95;table: no file either\n');
});

test('what was ignored has a line each', () => {
  expect(render({ ...NOTHING, ignored: ['one', 'two'] })).toMatch('**Ignored**\n\n- one\n- two\n');
});

const none = { count: 0, names: [] };
const NOTHING: RunSnapshot = {
  overview: { counts: {}, rows: [] },
  result: { completed: none, failed: none, stopped: none, left: { count: 0, first: [] } },
  running: new Set(),
  ignored: [],
};
