/**
 * `npm run test:packages [word …]`: packs, then installs and uses the package as an application
 * does, once for each row whose name holds all the words. Needs the registry.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '../../drizzle/connect';
import { startDevServers } from '../../worker/local/devServers';
import { findTemporalCli } from '../../worker/local/temporal/temporalCli';
import { writeApplication } from './matrix/application';
import { nameOf, ROWS, type Row } from './matrix/rows';
import { type Database, STEPS } from './matrix/steps';
import { pack } from './support/packed';

const result = { passed: 0, failed: 0 };

async function main(words: readonly string[]): Promise<void> {
  const rows = ROWS.filter((row) => words.every((word) => nameOf(row).split(' ').includes(word)));
  const packed = await pack();
  const tools = mkdtempSync(path.join(tmpdir(), 'lrm-managers-'));
  const servers = await startDevServers({
    folder: mkdtempSync(path.join(tmpdir(), 'lrm-servers-')),
    temporary: true,
    fresh: false,
    postgres: { settings: { fsync: 'off' } },
    temporal: {
      cli: await findTemporalCli(process.env, console.log),
      uiPort: null,
      persistent: false,
      namespaces: rows.map(namespaceOf),
    },
  });
  try {
    const { databaseUrl = '', temporalAddress = '' } = servers.endpoints;
    for (const row of rows) await tryRow(row, packed.tarball, tools, databaseUrl, temporalAddress);
  } finally {
    await servers.stop();
    packed.remove();
    rmSync(tools, { recursive: true });
  }
  console.log(`\n${result.passed} passed, ${result.failed} failed`);
}

const namespaceOf = (row: Row): string => nameOf(row).replace(/[ .]/g, '_');

async function tryRow(
  row: Row,
  tarball: string,
  tools: string,
  serverUrl: string,
  temporalAddress: string,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-application-'));
  const names = [`${namespaceOf(row)}_theirs`, `${namespaceOf(row)}_ours`] as const;
  const [theirs, ours] = [
    await createDatabase(serverUrl, names[0]),
    await createDatabase(serverUrl, names[1]),
  ];
  const temporal = { TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: namespaceOf(row) };
  writeApplication(folder, row, tarball);
  console.log(`== ${nameOf(row)}`);
  for (const [name, step] of STEPS) {
    const begin = Date.now();
    const problem = await step({ row, folder, tools, databases: { theirs, ours }, temporal }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (problem === undefined) result.passed++;
    else result.failed++;
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    console.log(`${problem === undefined ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (problem !== undefined) console.log(problem.replace(/^/gm, '         '));
    // Nothing that follows can work.
    if (problem !== undefined && name === 'install') break;
  }
  await Promise.all([theirs.sql.end(), ours.sql.end()]);
  rmSync(folder, { recursive: true });
}

async function createDatabase(serverUrl: string, name: string): Promise<Database> {
  const server = connect(serverUrl, { applicationName: 'test' });
  await server.unsafe(`create database "${name}"`);
  await server.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, sql: connect(url.href, { applicationName: 'test' }) };
}

main(process.argv.slice(2)).then(
  () => {
    process.exitCode = result.failed > 0 || result.passed === 0 ? 1 : 0;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
