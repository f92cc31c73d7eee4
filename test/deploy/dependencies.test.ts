import { expect, test } from '@jest/globals';
import { read } from './files';

const manifest = JSON.parse(read('package.json'));
const rows = [...read('docs/dependencies.md').matchAll(ROW())].map(([, name, reason, licence]) => ({
  name,
  reason,
  licence,
}));

/** The licences that may reach whoever installs the package: none asks anything of their own code. */
const PERMISSIVE = /^(MIT|ISC|0BSD|Unlicense|(Apache|BlueOak|BSD|CC-BY)-[\w.-]+)( AND MIT)?$/;
/** Their package.json names no licence. What their LICENSE file says stands in docs/dependencies.md. */
const UNNAMED = ['unionfs'];

test('docs/dependencies.md has a row with a reason for each dependency and each peer', () => {
  const optional = Object.keys(manifest.peerDependenciesMeta);
  const peers = Object.keys(manifest.peerDependencies).filter((name) => !optional.includes(name));
  const expected = [...Object.keys(manifest.dependencies), ...peers].sort();
  expect(rows.map(({ name }) => name).sort()).toEqual(expected);
  for (const { reason } of rows) expect(reason?.length).toBeGreaterThan(5);
});

test.each(rows)('the licence of $name is as said there', ({ name, licence }) => {
  expect(JSON.parse(read(`node_modules/${name}/package.json`)).license).toBe(licence);
});

test('every package that an application gets has a permissive licence', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, Locked>;
  };
  const installed = Object.entries(packages).filter(([name, { dev }]) => name !== '' && !dev);
  expect(installed.length).toBeGreaterThan(150);
  const doubtful = installed.filter(([, { license = '' }]) => !PERMISSIVE.test(license));
  expect(doubtful.map(([name]) => name.replace('node_modules/', ''))).toEqual(UNNAMED);
});

interface Locked {
  readonly dev?: boolean;
  readonly license?: string;
}

/** '| `name` | reason | licence | size | packages |' */
function ROW(): RegExp {
  return /^\| `([^`]+)` \| ([^|]+) \| ([\w.-]+) \| [\d.]+ \|.*\|$/gm;
}
