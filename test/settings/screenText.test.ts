import { expect, test } from '@jest/globals';
import { bar } from '../../settings/screenText';

test.each([-500, 0, 47, 100, 1e18])('bar of %d percent has one width', (percent) => {
  expect(bar(percent).slice(0, 12)).toMatch(/^[█▉-▏░]{12}$/);
});
