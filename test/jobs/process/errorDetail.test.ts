import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { projectFolder } from '../../../settings/projectFolder';
import { useDevServers } from '../../support/devServers';

const servers = useDevServers();
const VALUE = 'alice@example.org';

beforeAll(async () => {
  await servers.sql`create table people (email text primary key)`;
  await servers.sql`insert into people values (${VALUE})`;
});

/** Starts a job process, allows its session, and prints each message that the process sends. */
const WORKER = `
  const { JobProcess } = require('${projectFolder}/jobs/process/jobProcess');
  const jobProcess = new JobProcess(256).begin(JSON.parse(process.argv[2]));
  jobProcess.onMessage((message) => {
    console.log(JSON.stringify(message));
    if (message.type === 'session') jobProcess.send({ type: 'sessionAllowed' });
    if (message.type === 'failed') void jobProcess.end();
  });
  const keepRunning = setInterval(() => {}, 1000);
  void jobProcess.ended.then(() => clearInterval(keepRunning));`;

const FAILING = {
  load: `JSON.parse('${VALUE}'); exports.run = () => {};`,
  run: `exports.run = async (job) => {
    await job.sql\`insert into people (email) values (\${'${VALUE}'})\`; };`,
  elsewhere: `exports.run = () => new Promise(() => {
    setTimeout(() => JSON.parse('${VALUE}'), 1); });`,
};

const cases = [
  ['inspect', 'load'],
  ['run', 'load'],
  ['run', 'run'],
  ['run', 'elsewhere'],
] as const;

test.each(cases)(
  'a job process sends row values only with LRM_ERROR_DETAIL=full (task %s, error during %s)',
  (task, during) => {
    const jobs = servers.jobsFolder();
    jobs.writeJob('0001_fails', FAILING[during]);
    jobs.writeJob('worker', WORKER);
    const input = {
      task,
      file: path.join(jobs.path, '0001_fails.js'),
      databaseUrl: servers.databaseUrl,
      attempt: { migration: '0001_fails', id: '1', number: 1 },
      checkpointVersion: 0,
      direction: 'forward',
      unthrottled: false,
      limitMs: 60_000,
      silentMs: 60_000,
    };
    /** All that the job process sends and prints. */
    const outputOf = (errorDetail: string) => {
      const args = [
        '-r',
        'tsx/cjs',
        path.join(jobs.path, 'worker.js'),
        JSON.stringify({ ...input, errorDetail }),
      ];
      const { stdout, stderr } = spawnSync(process.execPath, args, {
        cwd: projectFolder,
        encoding: 'utf8',
        timeout: 60_000,
      });
      return stdout + stderr;
    };

    const safe = outputOf('safe');
    const full = outputOf('full');

    for (const output of [safe, full]) {
      expect(output).toContain(`"type":"failed","during":"${during}"`);
    }
    expect(safe).not.toContain('alice');
    expect(full).toContain(VALUE);
  },
  130_000,
);
