import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { built } from '../../../settings/projectFolder';
import { createCertificates } from '../../support/certificates';
import { cleanEnvironment } from '../../support/environment';
import { createJobsFolder } from '../../support/jobsFolder';
import { runLrm } from '../../support/lrm';
import { startTlsPostgres, type TlsPostgres } from '../../support/tlsPostgres';
import { spawnWorker } from '../../support/workerProcess';

const certificates = createCertificates();
const issuer = certificates.issuer('ours');
const stranger = certificates.issuer('another');
const client = issuer.issue('DNS:client');
const jobs = createJobsFolder();
const folder = mkdtempSync(path.join(tmpdir(), 'lrm-everywhere-'));
const passwords = path.join(folder, 'passwords');
let server: TlsPostgres;

beforeAll(async () => {
  server = await startTlsPostgres(issuer, issuer.issue('IP:127.0.0.1'));
  writeFileSync(passwords, '127.0.0.1:*:*:cert:cert\n', { mode: 0o600 });
  await server.sql`create table people (id integer primary key, seen integer not null default 0)`;
  await server.sql`insert into people select generate_series(1, 1000)`;
  jobs.writeJob(
    '0001_tls',
    `const { sql } = require('drizzle-orm');
    exports.run = async (job) => {
      const sessions = process.env.DRY ? [job.sql] : [job.sql, job.database('archive').sql];
      for (const session of sessions) {
        const [row] = await session\`select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()\`;
        if (!row.ssl || !row.client_dn) throw new TypeError('a session without TLS or certificate');
      }
      await job.inBatches(sql\`people\`, { key: sql\`id\` }, (tx, batch) =>
        tx.execute(sql\`update people set seen = seen + 1 where \${batch}\`));
    };`,
  );
});

afterAll(async () => {
  await server.sql.end();
  certificates.remove();
  jobs.remove();
  rmSync(folder, { recursive: true });
});

/** All comes from the PG* variables. The server wants TLS, a client certificate and a password. */
const env = (extra: NodeJS.ProcessEnv = {}) =>
  cleanEnvironment({
    DATABASE_URL: 'postgres://',
    LRM_DATABASE_ARCHIVE_URL: 'postgres:///postgres',
    LRM_JOBS_DIR: jobs.path,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    PGHOST: '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: 'cert',
    PGDATABASE: 'long_running_migrations',
    PGPASSFILE: passwords,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: issuer.cert,
    PGSSLCERT: client.cert,
    PGSSLKEY: client.key,
    ...extra,
  });

const lrm = (args: string[], extra: NodeJS.ProcessEnv = {}) => runLrm(env(extra), args);

test('lrm, a job and its further database, a dry run and a gate connect as the PG* variables say', async () => {
  await server.sql`insert into long_running_migrations.migrations (name) values ('0001_tls')`;
  expect(await lrm(['dry-run', '0001_tls'], { DRY: '1' })).toMatchObject({ code: 0 });
  expect(await lrm(['run', '--inline'])).toMatchObject({ code: 0, stderr: '' });
  expect(await lrm(['check', '0001_tls'])).toMatchObject({ code: 0 });
  expect(await server.sql`select seen, count(*)::int as rows from people group by 1`).toEqual([
    { seen: 1, rows: 1000 },
  ]);
  const gate = `require(${JSON.stringify(built('gate.js'))})`;
  const script = `${gate}.requireCompleted(['0001_tls']).then(() => console.log('passed'))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env: env() });
  expect(stdout).toBe('passed\n');
});

test('each of them says in one line why it does not connect, and does not fall back', async () => {
  const wrong = { PGSSLROOTCERT: stranger.cert };
  const line = `the certificate of Postgres at 127.0.0.1:${server.port} has an unknown issuer: none of ${stranger.cert} has signed it (sslrootcert) (DATABASE_URL)`;
  expect(await lrm(['status'], wrong)).toEqual({ code: 1, stdout: '', stderr: `lrm: ${line}\n` });
  const worker = spawnWorker(env({ ...wrong, LRM_WAIT: '1 second' }));
  expect(await worker.exited).toBe(1);
  expect(worker.log().at(-1)?.msg).toMatch(`gave up waiting for Postgres: ${line}`);
});

test('what is misspelt, missing or unsupported is named before anything is done', async () => {
  const result = await lrm(['status'], {
    DATABASE_URL: 'postgres://?sslmod=require',
    LRM_DATABASE_ARCHIVE_URL: 'postgres:///d?sslrootcert=/no/ca.crt',
  });
  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(
    "DATABASE_URL: 'sslmod' is not a connection parameter; did you mean sslmode?",
  );
  expect(result.stderr).toMatch(
    'LRM_DATABASE_ARCHIVE_URL: there is no file /no/ca.crt (sslrootcert)',
  );
});
