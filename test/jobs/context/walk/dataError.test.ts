import { expect, test } from '@jest/globals';
import { BadRow } from '../../../../jobs/context/badRow';
import { dataErrorOf } from '../../../../jobs/context/walk/dataError';

const coded = (code: string) => Object.assign(new Error('x'), { code });

test.each([
  ['ERR_INVALID_URL'],
  ['ERR_ENCODING_INVALID_ENCODED_DATA'],
  ['ERR_OSSL_BAD_DECRYPT'],
  ['Z_DATA_ERROR'],
])('a BadRow may be made of what Node says about data: %s', (code) => {
  const thrown = new BadRow('unreadable', { cause: coded(code) });
  expect(dataErrorOf(thrown)).toEqual({ code: null, reason: 'unreadable' });
});

test.each([
  ['ERR_SOCKET_CLOSED'],
  ['ECONNRESET'],
  ['CONNECTION_CLOSED'],
  ['CERT_HAS_EXPIRED'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['SELF_SIGNED_CERT_IN_CHAIN'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT'],
])('a BadRow that is made of an outage says nothing about the row: %s', (code) => {
  expect(dataErrorOf(new BadRow('unreadable', { cause: coded(code) }))).toBeUndefined();
});
