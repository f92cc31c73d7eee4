import path from 'node:path';
import { expect, test } from '@jest/globals';
import { readHistory, replay } from '../support/history';

// Recorded with version 0.1.0. A run that began on it goes on with the code of today.
const recorded = (name: string) => readHistory(path.join(__dirname, 'histories', `${name}.jsonl`));
const RUN = 'long-running-migrations';

test.each([
  [
    'a run that finalizes, is woken, and continues as new with attempts under way',
    'continued',
    RUN,
  ],
  ['a run that was continued, and ends with a failed migration', 'continuing', RUN],
  ['a tick that started the run', 'tickThatStarted', 'tick-1'],
  ['a tick that found a run', 'tickThatWoke', 'tick-2'],
])('%s replays', async (_, name, workflowId) => {
  await replay(recorded(name), workflowId);
});

test('a history with a different command does not replay', async () => {
  const history = recorded('continuing');
  const scheduled = history.events?.find((event) => event.activityTaskScheduledEventAttributes);
  if (!scheduled?.activityTaskScheduledEventAttributes)
    throw new Error('no activity in the history');
  scheduled.activityTaskScheduledEventAttributes.activityType = { name: 'somethingElse' };

  await expect(replay(history, RUN)).rejects.toThrow(/Nondeterminism/);
});
