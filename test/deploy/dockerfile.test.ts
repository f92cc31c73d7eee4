import { expect, test } from '@jest/globals';
import { read } from './files';

const ours = read('Dockerfile');
const forApplications = /```dockerfile\n(.*?)```/s.exec(read('docs/installing.md'))?.[1] ?? '';

test.each([
  ['ours', ours],
  ['the one for applications', forApplications],
])('%s: the base has a full version, nobody is root, and SIGTERM reaches the worker', (_, file) => {
  expect(file).toMatch(/^ARG NODE=node:\d+\.\d+\.\d+-slim$/m);
  const bases = [...file.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  expect(bases).toEqual(['${NODE}', '${NODE}', 'scratch']);
  // Kubernetes compares numbers only.
  expect(file).toMatch(/^USER 1000:1000$/m);
  expect(file).not.toMatch(/--chown/);
  expect(file).toMatch(/^ENTRYPOINT \["tini", "--"\]$/m);
  expect(file).toMatch(/^CMD \["node", ".*dist\/workerMain.js"\]$/m);
});

test('both leave out the same of the packages and of the base', () => {
  const steps = (file: string) => file.match(/^RUN (cd node_modules|rm -rf \/usr)(.*\\\n)*.*$/gm);
  expect(steps(ours)).toHaveLength(2);
  expect(steps(forApplications)).toEqual(steps(ours));
});

test('both are readable for any user, and have the same health check', () => {
  const healthCheck = (file: string) => file.match(/^HEALTHCHECK .*\\\n.*$/gm);
  expect(healthCheck(ours)).toHaveLength(1);
  expect(healthCheck(forApplications)).toEqual(healthCheck(ours));
  for (const file of [ours, forApplications]) expect(file).toMatch(/^RUN chmod -R u=rwX,go=rX /m);
});

test('the image is built from a list of folders: whatever else lies beside them stays out', () => {
  const [all, ...rest] = read('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  expect(all).toBe('*');
  // The last line: a .env in one of the folders.
  expect(rest.at(-1)).toBe('**/.env*');
  expect(rest).not.toContain('!test');
});
