import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { METRICS } from '../../activities/metrics/instruments';
import { projectFolder } from '../../settings/projectFolder';

// What Prometheus itself says of rules and expressions: npm run test:monitoring.

const read = (file: string) => readFileSync(path.join(projectFolder, 'docs', file), 'utf8');
const OURS = Object.values(METRICS);

test('docs/monitoring.md explains each metric with its type', () => {
  const page = read('monitoring.md');
  const missing = OURS.filter(({ name, kind }) => !page.includes(`| \`${name}\` | ${kind}`));
  expect(missing).toEqual([]);
});

test.each(['monitoring/alerts.yml', 'monitoring/dashboard.json', 'monitoring.md'])(
  '%s names only metrics that exist',
  (file) => {
    const names = OURS.flatMap(({ name, kind }) =>
      kind === 'histogram' ? [name, `${name}_bucket`, `${name}_count`] : [name],
    );
    const named = read(file).match(/\blrm_[a-z_]+/g) ?? [];
    expect(named.filter((name) => !names.includes(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  },
);

test('each metric is on the dashboard, or decides an alert', () => {
  const used = `${read('monitoring/dashboard.json')}${read('monitoring/alerts.yml')}`;
  expect(OURS.filter(({ name }) => !new RegExp(`${name}(_count|_bucket)?\\b`).test(used))).toEqual(
    [],
  );
});
