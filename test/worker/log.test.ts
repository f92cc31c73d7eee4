import { expect, test } from '@jest/globals';
import { readableLine } from '../../worker/readableLine';
import { useDevServers } from '../support/devServers';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();

/** Commands to a terminal, text that runs backwards, and a line end that is none in JSON. */
const HOSTILE = '\u001b]0;title\u0007\u001b[31mred \u009b31m \u202ekcab \u2028 next';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
const COMMANDS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029]/;

/** What a job may try: to hide text, and to speak for another migration. */
const JOB = `exports.run = async (job) => {
  const hostile = ${JSON.stringify(HOSTILE)};
  job.log.info('from the author ' + hostile, {
    text: hostile, [hostile]: 1, level: 'fatal', msg: 'forged', time: 'never', migration: '0009_other',
    attempt: 99, worker: 'another', from: 'temporal', rows: 7,
    trace_id: 'foreign', span_id: 'foreign', detail: 'none',
  });
  await job.sql\`create temporary table t (id int primary key)\`;
  await job.sql\`insert into t values (1), (1)\`;
};`;

test('each line is JSON with what it is about, and a job can neither forge nor hide anything', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_logs', JOB);
  const worker = await servers.startWorker({ jobs, env: { LRM_LOG_LEVEL: 'debug' } });
  await servers.succeeds('register', '0001_logs');
  await servers.succeeds('run');
  const failed = await waitFor('the failure to be logged', () =>
    worker.log().find(({ level }) => level === 'error'),
  );
  await worker.stop();

  const who = expect.stringMatching(`^${worker.pid}@`);
  const of = {
    worker: who,
    workflowId: 'long-running-migrations',
    runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    migration: '0001_logs',
    attempt: 1,
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  };
  expect(failed).toEqual({
    ...of,
    level: 'error',
    rows: 0,
    durationMs: expect.any(Number),
    errorClass: 'sqlstate_23',
    code: '23505',
    msg: expect.stringMatching(/^unique violation \(SQLSTATE 23505\) on constraint t_pkey/),
  });
  expect(worker.log().find(({ from }) => from === 'job')).toEqual({
    ...of,
    level: 'info',
    from: 'job',
    msg: 'from the author red kcab next',
    text: HOSTILE,
    [HOSTILE]: 1,
    rows: 7,
    job_level: 'fatal',
    job_msg: 'forged',
    job_time: 'never',
    job_migration: '0009_other',
    job_attempt: 99,
    job_worker: 'another',
    job_from: 'temporal',
    job_trace_id: 'foreign',
    job_span_id: 'foreign',
    job_detail: 'none',
  });
  // The SDK's lines, too.
  const ofTemporal = worker.log().filter(({ from }) => from === 'temporal');
  expect(ofTemporal.length).toBeGreaterThan(0);
  for (const line of worker.log()) {
    expect(line).toEqual(expect.objectContaining({ worker: who, level: expect.any(String) }));
    expect(typeof (line['attempt'] ?? 1)).toBe('number');
  }
  expect(worker.printed()).not.toMatch(COMMANDS);
});

test('LRM_LOG_FORMAT=pretty writes readable lines, also without a terminal', async () => {
  const worker = servers.spawnWorker({ env: { LRM_LOG_FORMAT: 'pretty' } });
  await waitFor('a readable line', () =>
    /^\[[\d:.]+\] INFO: worker ready \{/m.test(worker.printed()),
  );
  expect(worker.printed()).not.toContain(`"worker":`);
  await worker.stop();
});

test('a readable line has its attempt first, and no commands to the terminal', () => {
  const line = readableLine(
    JSON.stringify({
      level: 'warn',
      time: '2026-11-30T12:00:00.000Z',
      worker: '1@host',
      workflowId: 'w',
      runId: 'r',
      migration: '0001_a',
      attempt: 2,
      msg: `it failed ${HOSTILE}`,
      type: 'Error',
      stack: HOSTILE,
      detail: `Error: ${HOSTILE}\n    at run`,
    }),
  );
  expect(line).toMatch(/\] WARN: 0001_a #2: it failed \\u001b\]0;title/);
  expect(line).toMatch(/\n {8}at run\n$/);
  expect(line).not.toMatch(COMMANDS);
  expect(line).not.toMatch(/1@host|"runId"/);
});
