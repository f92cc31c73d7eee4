import { expect, test } from '@jest/globals';
import { troubleOf } from '../../../../jobs/context/walk/trouble';

const withCode = (code: unknown, cause?: unknown) =>
  Object.assign(new Error('failed', { cause }), { code });

test.each([
  ['40001', 'conflict'],
  ['40P01', 'conflict'],
  ['55P03', 'timeout'],
  ['57014', 'timeout'],
  ['23505', undefined],
  ['CONNECTION_CLOSED', undefined],
])('SQLSTATE %s is a %s', (code, trouble) => {
  expect(troubleOf(withCode(code))).toBe(trouble);
  expect(troubleOf(new Error('query failed', { cause: withCode(code) }))).toBe(trouble);
});

test('what is not an error, or has another kind of code, is no reason to try again', () => {
  expect(troubleOf('40001')).toBeUndefined();
  expect(troubleOf({ code: '40001' })).toBeUndefined();
  expect(troubleOf(withCode(40_001))).toBeUndefined();
});

test('an error that is its own cause is looked at and given up', () => {
  const loop = new Error('loop');
  loop.cause = loop;
  expect(troubleOf(loop)).toBeUndefined();
});
