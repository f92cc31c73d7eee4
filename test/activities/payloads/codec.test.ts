import { expect, test } from '@jest/globals';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { EncryptingCodec } from '../../../activities/payloads/codec';
import { failureConverter } from '../../../activities/payloads/failureConverter';
import { missingKey } from '../../../activities/payloads/keyProblem';
import { keysOf } from './keys';

const payload = defaultPayloadConverter.toPayload({ name: '0001_secret_name' });
const codec = (...ids: string[]) => new EncryptingCodec(keysOf(...ids));
const textOf = (each: Payload) =>
  JSON.stringify(each, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
  );
const changed = (each: Payload, at: number): Payload => {
  const data = Buffer.from(each.data ?? []);
  data[at] = (data[at] ?? 0) ^ 1;
  return { ...each, data };
};

async function encrypted(...ids: string[]): Promise<Payload> {
  const [result] = await codec(...ids).encode([payload]);
  if (!result) throw new Error('nothing was encoded');
  return result;
}

test('a payload is encrypted with the first key, and decrypted with any', async () => {
  const result = await encrypted('k2', 'k1');
  expect(textOf(result)).not.toContain('secret');
  expect(textOf(result)).toContain('k2');
  expect(await codec('k1', 'k2').decode([result])).toEqual([payload]);
});

test('the same payload is never encrypted to the same bytes', async () => {
  expect((await encrypted('k1')).data).not.toEqual((await encrypted('k1')).data);
});

test('what is not encrypted, or by others, is left as it is', async () => {
  const foreign = {
    metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('k1') },
    data: Buffer.from('?'),
  };
  // Nobody could have such a key: for the run it is an unreadable signal, which it ignores.
  const forged = {
    metadata: {
      encoding: Buffer.from('binary/lrm-aes-256-gcm'),
      'encryption-key-id': Buffer.from('k1 && rm'),
    },
    data: Buffer.from('?'),
  };
  const left = [payload, foreign, forged];
  expect(await codec('k1').decode(left)).toEqual(left);
});

test('what is encrypted is not encrypted again', async () => {
  const once = await encrypted('k1');
  expect(await codec('k1').encode([once])).toEqual([once]);
});

test("keys behind 'none' only decrypt", async () => {
  const decrypting = codec('none', 'k1');
  expect(await decrypting.encode([payload])).toEqual([payload]);
  expect(await decrypting.decode([await encrypted('k1')])).toEqual([payload]);
});

test.each([
  ['no key', () => codec()],
  ['another key', () => codec('k1')],
])('with %s, the one that is missing is named', async (_, other) => {
  const result = await encrypted('k2');
  await expect(other().decode([result])).rejects.toThrow(
    'LRM_PAYLOAD_KEY has no key with the ID k2 here',
  );
});

test('a payload that was changed, or comes from another key with the same ID, is refused', async () => {
  const result = await encrypted('k1');
  const length = result.data?.length ?? 0;
  const wrong = [0, 12, length - 1].map((at) => changed(result, at));
  const renamed = {
    ...result,
    metadata: { ...result.metadata, 'encryption-key-id': Buffer.from('same-as-k1') },
  };
  const short = { ...result, data: Buffer.from('short') };
  for (const each of [...wrong, renamed, short]) {
    await expect(codec('k1', 'same-as-k1').decode([each])).rejects.toThrow(
      /^a payload can't be decrypted by the key (k1|same-as-k1) of LRM_PAYLOAD_KEY/,
    );
  }
});

test('the message of a failure becomes a payload, except for a missing key', () => {
  const failure = ApplicationFailure.create({ message: 'outer', cause: new Error('inner') });
  const encoded = failureConverter.errorToFailure(failure, defaultPayloadConverter);
  expect(encoded).toMatchObject({ message: 'Encoded failure', stackTrace: '' });
  expect(encoded.cause).toMatchObject({ message: 'Encoded failure', stackTrace: '' });
  expect(failureConverter.failureToError(encoded, defaultPayloadConverter)).toMatchObject({
    message: 'outer',
    cause: expect.objectContaining({ message: 'inner' }),
  });
  const wrapped = ApplicationFailure.fromError(missingKey('k2'), { message: 'wrapped' });
  expect(failureConverter.errorToFailure(wrapped, defaultPayloadConverter)).toMatchObject({
    message: 'wrapped',
    applicationFailureInfo: { type: 'PayloadKeyProblem' },
  });
});
