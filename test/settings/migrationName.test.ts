import { expect, test } from '@jest/globals';
import { isJobName, isName, parseName } from '../../settings/migrationName';

test.each([
  ['0001_a', true],
  [`0001_${'a'.repeat(250)}`, true],
  [`0001_${'a'.repeat(251)}`, false],
  ['1_a', false],
  ['0001_', false],
  ['0001_A', false],
  ['../0001_a', false],
  ['0001_a/../b', false],
  ['0001_a:tenant_7', true],
  ['0001_a:Tenant-7.eu', true],
  ['0001_a:7', true],
  [`0001_a:${'x'.repeat(248)}`, true],
  [`0001_a:${'x'.repeat(249)}`, false],
  ['0001_a:', false],
  ['0001_a:..', false],
  ['0001_a:../x', false],
  ['0001_a:a/b', false],
  ['0001_a:a b', false],
  ['0001_a:ä', false],
  ['0001_a:x\n', false],
  ['0001_a:x:y', false],
  ['0001_a:x\u0000', false],
])('isName(%j) is %j', (name, valid) => {
  expect(isName(name)).toBe(valid);
});

test('a name has a job and perhaps a target', () => {
  expect(parseName('0001_a')).toEqual({ job: '0001_a', target: undefined });
  expect(parseName('0001_a:tenant_7')).toEqual({ job: '0001_a', target: 'tenant_7' });
  expect([isJobName('0001_a'), isJobName('0001_a:tenant_7')]).toEqual([true, false]);
});
