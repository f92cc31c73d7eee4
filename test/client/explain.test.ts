import { expect, test } from '@jest/globals';
import { explain } from '../../client/errors/explain';
import { UsageError } from '../../settings/usageError';

test('a line that quotes a setting controls no terminal', () => {
  const error = new UsageError('TEMPORAL_PROFILE: there is no "\u001b[2J\u001b]0;owned\u0007\nx"');
  expect(explain(error)).toEqual({ line: 'TEMPORAL_PROFILE: there is no " x"', exitCode: 2 });
});

test('a URL that was given to another setting is quoted without its password', () => {
  const error = new UsageError('TEMPORAL_ADDRESS: postgres://u:hunter22@[::1/x is not host:port');
  expect(explain(error).line).toBe('TEMPORAL_ADDRESS: postgres://u:***@[::1/x is not host:port');
});
