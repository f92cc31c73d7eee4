import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { BadRow } from '../../../jobs/context/badRow';
import { dataErrorOf } from '../../../jobs/context/walk/dataError';
import { troubleOf } from '../../../jobs/context/walk/trouble';
import { rebuild } from '../../../jobs/process/describedError';
import { describeError } from '../../../jobs/process/describeError';

const ofPostgres = (code: string) =>
  Object.assign(new Error('s3cret'), {
    code,
    severity: 'ERROR',
    constraint_name: 'users_email_key',
  });
const withCause = (cause: unknown) => new Error('mine', { cause });
const lost = () => Object.assign(new Error('s3cret'), { code: 'ECONNRESET' });

const sent = (thrown: unknown) => rebuild(describeError(thrown), inspect(thrown));

test.each([
  ['TypeError', new TypeError('s3cret')],
  ['an error of Postgres', ofPostgres('23505')],
  ['an error with a cause', withCause(lost())],
  ['an AggregateError', new AggregateError([lost(), new RangeError('s3cret')], 'mine')],
  ['a BadRow', new BadRow('no such pin')],
  ['a text', 'mine'],
])('%s of another thread is described as it was there', (_, thrown) => {
  const described = describeError(thrown);
  expect(describeError(rebuild(described))).toEqual(described);
  expect(describeError(withCause(rebuild(described))).causes).toEqual([described]);
});

test('what is wrong with the data, and what a retry fixes, is still known', () => {
  expect(dataErrorOf(sent(new BadRow('no such pin')))).toEqual({
    code: null,
    reason: 'no such pin',
  });
  expect(dataErrorOf(sent(ofPostgres('23505')))).toMatchObject({ code: '23505' });
  expect(dataErrorOf(sent(withCause(new BadRow('inner'))))).toMatchObject({ reason: 'inner' });
  // An outage is no bad row.
  for (const outage of [lost(), ofPostgres('57P01'), withCause(lost())]) {
    expect(dataErrorOf(sent(new BadRow('no such pin', { cause: outage })))).toBeUndefined();
  }
  expect(troubleOf(sent(withCause(ofPostgres('40P01'))))).toBe('conflict');
});

test('the whole error shows only where somebody inspects it', () => {
  const error = sent(new TypeError('s3cret'));
  expect(inspect(error)).toContain('s3cret');
  expect(JSON.stringify(error)).not.toContain('s3cret');
  expect(`${error} ${error.stack}`).not.toContain('s3cret');
});
