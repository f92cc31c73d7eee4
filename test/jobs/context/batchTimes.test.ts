import { expect, test } from '@jest/globals';
import { BATCH_SECONDS, BatchTimes } from '../../../jobs/context/batchTimes';
import { paceOf } from '../../../jobs/context/paceOf';
import { readReceived } from '../../../jobs/process/receivedMessage';

const PACE = { lanes: 2, batchSeconds: 0.1, slowdown: 1.1 };
const batch = () => ({ walk: 'w', table: 't', rows: 1 });

test('batches are counted by how long they took, each in one bucket, and taken once', () => {
  const times = new BatchTimes();
  expect(times.take()).toBeUndefined();
  for (const ms of [0, 1, 1.5, 2, 61_000]) times.took(ms, batch);
  times.retried('timeout');
  times.retried('timeout');
  expect(times.take()).toEqual({
    times: [
      [0, 2, 0.001],
      [1, 2, 0.0035],
      [BATCH_SECONDS.length, 1, 61],
    ],
    retried: { timeout: 2 },
    pace: null,
  });
  expect(times.take()).toBeUndefined();
});

test('walks at the same time add their lanes, and the last one to end leaves no pace', async () => {
  const times = new BatchTimes();
  const other = { lanes: 1, batchSeconds: 0.5, slowdown: null };
  await times.during(
    () => PACE,
    () =>
      times.during(
        () => other,
        async () => {
          times.took(1, batch);
          expect(times.take()?.pace).toEqual({ lanes: 3, batchSeconds: 0.5, slowdown: 1.1 });
        },
      ),
  );
  expect(times.take()).toEqual({ times: [], retried: {}, pace: null });
});

test.each([
  [1.24, 1.24],
  [undefined, null],
])('a slowdown of %s is reported as %s', (measured, slowdown) => {
  expect(paceOf({ lanesNow: 2, batchMs: 20, slowdown: measured })).toEqual({
    lanes: 2,
    batchSeconds: 0.02,
    slowdown,
  });
});

test.each([
  { times: [[0, 20_000, 1]] },
  { times: [[99, 1, 1]] },
  { times: [[0, 1, -1]] },
  { times: [[0, 1, 'a value']] },
  { times: [], retried: { timeout: 1.5 } },
  'nothing of the kind',
])('a job process that sends %j instead of counts loses them, and nothing else', (wrong) => {
  const right = { times: [[1, 2, 0.0035]], retried: { data: 1 }, pace: PACE };
  const message = { type: 'progress', progress: { done: 7 } };
  expect(readReceived({ ...message, batches: right })).toEqual({ ...message, batches: right });
  const batches = typeof wrong === 'string' ? wrong : { ...right, ...wrong };
  expect(readReceived({ ...message, batches })).toEqual(message);
});
