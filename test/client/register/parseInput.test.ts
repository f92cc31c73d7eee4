import { expect, test } from '@jest/globals';
import { parseInput } from '../../../client/register/parseInput';

test.each([
  ['{"days": 30, "big": 1.5e300, "text": "12345678901234567890"}'],
  ['null'],
  ['[1, -2, 0.25, 1e20, true, "\\u00e4\\ud83d\\ude00"]'],
  ['9007199254740991'],
])('%s is an input', (json) => {
  expect(parseInput(json)).toEqual({
    value: JSON.parse(json),
    text: JSON.stringify(JSON.parse(json)),
  });
});

test.each([
  ['{days: 30}', 'the input is not JSON (at character 2)'],
  ['', 'the input is not JSON'],
  ['secret', 'the input is not JSON'],
  ['{"a":{"b":["x\\u0000"]}}', 'input.a.b[0] has a \\u0000'],
  ['{"a\\u0000":1}', 'input["a\\u0000"] has a \\u0000'],
  ['{"a":"\\ud800"}', 'input.a has half of a surrogate pair'],
  ['{"id":12345678901234567890}', 'a whole number beyond ±9007199254740991'],
  ['{"id":-9007199254740993}', 'a whole number beyond'],
  ['{"id":1e400}', 'input.id is a number too large'],
  [`${'['.repeat(200)}${']'.repeat(200)}`, 'nested deeper than 100 levels'],
  [JSON.stringify('x'.repeat(600_000)), 'larger than 512 KiB'],
])('parseInput refuses %.40s', (json, problem) => {
  const result = parseInput(json);
  expect(result).toMatch(problem);
  expect(result).not.toMatch('secret');
});
