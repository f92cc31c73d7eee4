import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isEncryptionRequest, MessageReader, startParameters, textsOf } from './messages';

const startUp = (parameters: Readonly<Record<string, string>>) => {
  const texts = Object.entries(parameters).flat();
  const body = Buffer.from(`${texts.join('\0')}\0\0`);
  return Buffer.concat([int32(body.length + 8), int32(196_608), body]);
};
const message = (type: string, ...parts: (Buffer | string)[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const SSL_REQUEST = Buffer.concat([int32(8), int32(80_877_103)]);
const CLIENT = [
  SSL_REQUEST,
  startUp({ user: 'postgres', application_name: 'lrm worker' }),
  message('p', 'secret\0'),
  message('Q', 'begin\0'),
  message('P', 's1\0', 'select $1 -- é\0', Buffer.from([0, 0])),
  message('B', '\0', 's1\0', Buffer.alloc(6)),
  message('E', '\0', int32(0)),
  message('S'),
];

/** Where a stream is cut. */
const cuts = (length: number) => fc.uniqueArray(fc.integer({ min: 0, max: length }));

function read(stream: Buffer, at: readonly number[], from: 'client' | 'server') {
  const reader = new MessageReader(from);
  const edges = [0, ...[...at].sort((a, b) => a - b), stream.length];
  return edges.slice(1).flatMap((end, index) => reader.read(stream.subarray(edges[index], end)));
}

test('gives the same messages however the network has cut the stream', () => {
  const stream = Buffer.concat(CLIENT);
  fc.assert(
    fc.property(cuts(stream.length), (at) => {
      const found = read(stream, at, 'client');
      expect(found.map(({ bytes }) => bytes.toString('hex'))).toEqual(
        CLIENT.map((bytes) => bytes.toString('hex')),
      );
      expect(found.map(({ type }) => type).join(',')).toBe(',,p,Q,P,B,E,S');
    }),
  );
});

test('the same for messages of any content, from the server', () => {
  const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => message('D', Buffer.from(bytes)));
  fc.assert(
    fc.property(fc.array(body, { maxLength: 10 }), fc.infiniteStream(fc.nat()), (all, random) => {
      const stream = Buffer.concat(all);
      const at = [...random.take(5)].map((each) => each % (stream.length + 1));
      expect(read(stream, at, 'server').map(({ bytes }) => bytes)).toEqual(all);
    }),
  );
});

test('reads what a message holds', () => {
  const [ssl, start, , , parse] = read(Buffer.concat(CLIENT), [], 'client');
  if (!ssl || !start || !parse) throw new Error('messages are missing');
  expect(isEncryptionRequest(ssl)).toBe(true);
  expect(isEncryptionRequest(start)).toBe(false);
  expect(startParameters(start).get('application_name')).toBe('lrm worker');
  expect(textsOf(parse, 2)).toEqual(['s1', 'select $1 -- é']);
});
