import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { unknownSettings } from '../../settings/settings';
import { GRACE, inProject, lrmCommands, read, readYaml, secondsOf } from './files';

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Record<string, string>;
  readonly spec: {
    readonly selector?: { readonly matchLabels: Record<string, string> };
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
  };
}

interface Pod {
  readonly terminationGracePeriodSeconds?: number;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly containers: readonly Container[];
}

interface Container {
  readonly args?: readonly string[];
  readonly env?: readonly { name: string; value: string }[];
  readonly envFrom: object;
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly securityContext: object;
  readonly livenessProbe?: { httpGet: { path: string; port: string } };
  readonly readinessProbe?: { httpGet: { path: string; port: string } };
}

const FOLDER = 'deploy/kubernetes';
const { resources } = readYaml<{ resources: string[] }>(`${FOLDER}/kustomization.yaml`);
const manifests = resources.map((file) => readYaml<Resource>(`${FOLDER}/${file}`));
const pods = manifests.filter(({ kind }) => ['Job', 'Deployment'].includes(kind));
const worker = manifests.find(({ kind }) => kind === 'Deployment');

test('the kustomization applies every manifest but the example of a Secret', () => {
  const files = readdirSync(inProject(FOLDER)).filter((file) => !/^kustomization/.test(file));
  expect([...resources, 'secret.example.yaml'].sort()).toEqual(files.sort());
});

test.each(pods.map((pod) => [pod.metadata.name, pod] as const))(
  '%s runs hardened',
  (_, { spec }) => {
    const { automountServiceAccountToken, securityContext, containers } = spec.template.spec;
    expect(automountServiceAccountToken).toBe(false);
    expect(securityContext).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const { securityContext: own, envFrom, args } of containers) {
      expect(own).toEqual({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(envFrom).toEqual([
        { configMapRef: { name: 'long-running-migrations' } },
        { secretRef: { name: 'long-running-migrations' } },
      ]);
      if (args)
        expect([args[0], lrmCommands()]).toEqual(['lrm', expect.arrayContaining([args[1]])]);
    }
  },
);

test('the worker has its grace, its probes at the port of its health, and known settings', () => {
  const { terminationGracePeriodSeconds, containers } = worker?.spec.template.spec ?? {};
  expect(terminationGracePeriodSeconds).toBeGreaterThan(GRACE);
  const [container] = containers ?? [];
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
  const ports = new Map(
    container?.ports?.map(({ name, containerPort }) => [name, String(containerPort)]),
  );
  expect(env['LRM_HEALTH_PORT']).toBe(ports.get('health'));
  expect(env['LRM_METRICS_ADDRESS']).toBe(`0.0.0.0:${ports.get('metrics')}`);
  expect(container?.livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'health' });
  expect(container?.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'health' });
  const settings = [
    ...Object.keys(env),
    ...manifests.flatMap(({ data }) => Object.keys(data ?? {})),
  ];
  expect(unknownSettings(settings.filter((name) => name.startsWith('LRM_')))).toBeUndefined();
});

test('the worker and its disruption budget select the same pods', () => {
  const selectors = manifests.flatMap(({ spec }) =>
    spec?.selector ? [spec.selector.matchLabels] : [],
  );
  expect(selectors).toHaveLength(2);
  for (const labels of selectors) expect(worker?.spec.template.metadata.labels).toEqual(labels);
});

test('the unit of systemd gives the worker its grace, and starts files of the package', () => {
  const unit = read('deploy/systemd/long-running-migrations.service');
  expect(secondsOf(/^TimeoutStopSec=(.+)$/m.exec(unit)?.[1] ?? '')).toBeGreaterThan(GRACE);
  // With systemd's default, job processes would get SIGTERM before the worker has asked them to stop.
  expect(unit).toMatch(/^KillMode=mixed$/m);
  expect(unit.match(/node_modules\/long-running-migrations\/\S+/g)).toEqual([
    'node_modules/long-running-migrations/bin/lrm.js',
    'node_modules/long-running-migrations/dist/workerMain.js',
  ]);
});
