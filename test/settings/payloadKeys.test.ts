import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { parsePayloadKeys } from '../../settings/payloadKeys';

const key = randomBytes(32).toString('base64');
const other = randomBytes(32).toString('base64');

test('the first key encrypts, all decrypt', () => {
  expect(parsePayloadKeys(`2026-11:${key}, old:${other}`)).toMatchObject({
    encryptWith: '2026-11',
    byId: new Map([
      ['2026-11', expect.anything()],
      ['old', expect.anything()],
    ]),
  });
});

test("with 'none' in front, keys only decrypt", () => {
  const keys = parsePayloadKeys(`none,k1:${key}`);
  expect(keys).toMatchObject({ encryptWith: undefined });
  expect('byId' in keys && [...keys.byId.keys()]).toEqual(['k1']);
});

test('printed keys do not show their bytes', () => {
  const keys = parsePayloadKeys(`k1:${key}`);
  const bytes = Buffer.from(key, 'base64').toString('hex');
  for (const text of [inspect(keys, { depth: 9, showHidden: true }), JSON.stringify(keys)]) {
    expect(text).not.toContain(key);
    expect(text.replace(/\W/g, '')).not.toContain(bytes);
  }
});

test.each([
  ['a key without an ID', key, 'entry 1 has no ID'],
  ['an ID that is a word of ours', `none:${key}`, 'entry 1 has no ID'],
  ['an ID with other characters', `k1:${key},a b:${key}`, 'entry 2 has no ID'],
  ['an empty entry', `k1:${key},`, 'entry 2 has no ID'],
  ['a short key', `k1:${randomBytes(16).toString('base64')}`, 'the key k1 is not 32 bytes'],
  ['a key in hexadecimal', `k1:${randomBytes(32).toString('hex')}`, 'the key k1 is not 32 bytes'],
  ['two keys with one ID', `k1:${key},k1:${other}`, 'there are two keys with the ID k1'],
])('%s is refused in one line, which quotes no key', (_, text, problem) => {
  const result = parsePayloadKeys(text);
  expect(result).toMatchObject({ problem: expect.stringContaining(problem) });
  for (const part of text.split(/[,:]/).filter((each) => each.length > 20)) {
    expect(JSON.stringify(result)).not.toContain(part);
  }
});
