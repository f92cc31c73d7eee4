import { expect, test } from '@jest/globals';
import { size, sizeText } from '../../settings/size';

test.each([
  ['512 MB', 512 * 1024 ** 2],
  ['1.5GB', 1.5 * 1024 ** 3],
  ['8 kb', 8192],
  ['1 TB', 1024 ** 4],
])('%s is a size', (text, bytes) => {
  expect(size(text)).toBe(bytes);
});

test.each(['1', '1 B', '0 GB', '-1 GB', '1 GiB', 'GB', '99999 TB', '1 GB 1', '1e3 MB'])(
  '%s is not a size',
  (text) => {
    expect(size(text)).toBeUndefined();
  },
);

test.each([
  [0, '0 kB'],
  [1_500, '1.5 kB'],
  [320 * 1024 ** 2, '320 MB'],
  [1.54 * 1024 ** 3, '1.5 GB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
