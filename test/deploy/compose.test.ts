import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { unknownSettings } from '../../settings/settings';
import { GRACE, inProject, lrmCommands, readYaml, secondsOf } from './files';

interface Compose {
  readonly services: Record<string, Service>;
  readonly secrets?: Record<string, { environment: string }>;
  readonly volumes: Record<string, unknown>;
}

interface Service {
  readonly image: string;
  readonly command?: string[];
  readonly environment?: Record<string, string>;
  readonly secrets?: string[];
  readonly volumes?: string[];
  readonly ports?: string[];
  readonly restart?: string;
  readonly depends_on?: Record<string, { condition: string }>;
  readonly healthcheck?: { test?: string[]; disable?: boolean };
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: string[];
  readonly tmpfs?: string[];
  readonly deploy?: { replicas: number };
}

const FILES = ['docker-compose.yml', 'docker-compose.dev.yml'];
const production = readYaml<Compose>('docker-compose.yml');
const isOurs = ({ image }: Service): boolean => image === '${LRM_IMAGE:-long-running-migrations}';
const ours = Object.entries(production.services).filter(([, service]) => isOurs(service));

describeEach(({ services, volumes, secrets = {} }) => {
  for (const [name, service] of Object.entries(services)) {
    const { image, depends_on = {}, volumes: mounts = [], ports = [] } = service;
    // A full version can be pinned to a digest, and never changes under an operator's hands.
    if (!isOurs(service)) expect([name, image]).toEqual([name, expect.stringMatching(PINNED)]);
    for (const [needed, { condition }] of Object.entries(depends_on)) {
      const state = condition === 'service_healthy' ? 'healthy' : 'completed';
      expect(`${needed} can be ${stateOf(services[needed])}`).toBe(`${needed} can be ${state}`);
    }
    for (const mount of mounts) {
      const [from = ''] = mount.split(':');
      if (from.startsWith('.')) expect([from, existsSync(inProject(from))]).toEqual([from, true]);
      else expect(Object.keys(volumes)).toContain(from);
    }
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const secret of service.secrets ?? []) expect(Object.keys(secrets)).toContain(secret);
  }
});

test('only the two web pages can be reached, from this machine', () => {
  const published = Object.entries(production.services).filter(([, { ports }]) => ports);
  expect(published.map(([name]) => name).sort()).toEqual(['grafana', 'temporal-ui']);
});

test('our containers run hardened, and with commands and settings that exist', () => {
  expect(ours.map(([name]) => name)).toEqual(['migrate', 'worker', 'schedule']);
  for (const [, { command, read_only, cap_drop, tmpfs, environment = {} }] of ours) {
    expect({ read_only, cap_drop, tmpfs }).toEqual({
      read_only: true,
      cap_drop: ['ALL'],
      tmpfs: [expect.stringMatching(/^\/tmp:/)],
    });
    if (command)
      expect([command[0], lrmCommands()]).toEqual(['lrm', expect.arrayContaining([command[1]])]);
    expect(
      unknownSettings(Object.keys(environment).filter((each) => each.startsWith('LRM_'))),
    ).toBeUndefined();
  }
});

test('workers start after the tables and the Schedule, and have their grace', () => {
  const worker = production.services['worker'];
  expect(Object.keys(worker?.depends_on ?? {}).sort()).toEqual(['migrate', 'schedule']);
  expect(secondsOf(worker?.stop_grace_period ?? '')).toBeGreaterThan(GRACE);
  expect(worker?.deploy?.replicas).toBeGreaterThan(1);
});

test('no password stands in the file', () => {
  const values = Object.values(production.services).flatMap(({ environment = {} }) =>
    Object.entries(environment).filter(([name]) => /PASS|PWD|_URL/.test(name)),
  );
  expect(values.length).toBeGreaterThan(4);
  for (const [name, value] of values) {
    const secret = name.endsWith('FILE') ? /^\/run\/secrets\// : /\$\{[A-Z_]+:\?/;
    expect([name, value]).toEqual([name, expect.stringMatching(secret)]);
  }
});

/** 'repository:1.2.3', and for Postgres '18.6'. */
const PINNED = /^[a-z/-]+:v?\d+\.\d+(\.\d+)?$/;

/** What others can wait for. */
function stateOf(service: Service | undefined): string | undefined {
  if (service?.restart === 'no') return 'completed';
  return service?.healthcheck?.test ? 'healthy' : undefined;
}

function describeEach(check: (compose: Compose) => void): void {
  test.each(FILES)('%s: images are pinned, and what it refers to exists', (file) => {
    check(readYaml<Compose>(file));
  });
}
