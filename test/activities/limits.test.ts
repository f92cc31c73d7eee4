import { describe, expect, test } from '@jest/globals';
import { limitsOf, ownLimit, underTimeouts } from '../../activities/limits';
import type { JobOptions } from '../../jobs/context/index';
import { readSettings, type Settings } from '../../settings/settings';

const settings = (env: NodeJS.ProcessEnv = {}): Settings =>
  readSettings({ DATABASE_URL: 'postgres://localhost/x', ...env });

describe('limits of an attempt', () => {
  test('are the settings when the job has no options', () => {
    const env = {
      LRM_START_TO_CLOSE: '1 hour',
      LRM_HEARTBEAT_TIMEOUT: '20 seconds',
      LRM_STOP_GRACE: '5 seconds',
      LRM_MEMORY_LIMIT_MB: '300',
      LRM_MAX_FAILURES: '7',
    };
    expect(limitsOf(settings(env), {})).toEqual({
      startToClose: 3_600_000,
      heartbeatTimeout: 20_000,
      grace: 5_000,
      memoryLimitMb: 300,
      maxFailures: 7,
    });
  });

  test("are the job's own options where it has them", () => {
    const options: JobOptions = {
      startToCloseTimeout: '2 hours',
      heartbeatTimeout: '1 minute',
      stopGrace: '3 seconds',
      memoryLimitMb: 64,
      maxFailures: 2,
    };
    expect(limitsOf(settings(), options)).toEqual({
      startToClose: 7_200_000,
      heartbeatTimeout: 60_000,
      grace: 3_000,
      memoryLimitMb: 64,
      maxFailures: 2,
    });
  });

  test('keep the grace period to a quarter of a short time limit', () => {
    const options = { startToCloseTimeout: '8 seconds', stopGrace: '10 seconds' };
    expect(limitsOf(settings(), options).grace).toBe(2_000);
  });

  test('count no more failures than the attempts that are looked at', () => {
    expect(limitsOf(settings(), { maxFailures: 1_000_000 }).maxFailures).toBe(1_000);
  });

  test.each([
    [{ startToCloseTimeout: '3 seconds' }, /startToCloseTimeout: must be at least 4 seconds/],
    [{ heartbeatTimeout: '900 ms' }, /heartbeatTimeout: must be at least 1 second/],
  ])('that are too short are refused: %j', (options, message) => {
    expect(() => limitsOf(settings(), options)).toThrow(message);
  });

  test('follow the timeouts that the workflow has set, the grace period, too', () => {
    const own = limitsOf(settings(), { startToCloseTimeout: '1 hour', stopGrace: '10 seconds' });
    expect(underTimeouts(own, { startToClose: 12_000, heartbeatTimeout: 5_000 })).toEqual({
      ...own,
      startToClose: 12_000,
      heartbeatTimeout: 5_000,
      grace: 3_000,
    });
  });
});

test('an attempt is asked to stop before start-to-close, with time for grace and clean-up', () => {
  const limits = limitsOf(settings(), { startToCloseTimeout: '1 minute', stopGrace: '5 seconds' });
  expect(ownLimit(limits)).toBe(53_000);
});

test('the shortest time limit still has time for the work', () => {
  const limits = limitsOf(settings(), { startToCloseTimeout: '4 seconds' });
  expect(ownLimit(limits)).toBe(1_000);
});
