import { setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { finalizeSignal, stateQuery, statusChangedSignal, tickSignal } from './contract';
import { type Checked, readBegan, readFinalize } from './inputs';
import type { RunRecord } from './runRecord';

/** Sets the handlers of the run's signals and of its query. No handler waits for anything. */
export function handleSignals(record: RunRecord): void {
  const valid = <T>({ value, ignored }: Checked<T>): T => {
    record.ignore(ignored);
    return value;
  };
  setHandler(finalizeSignal, (input: unknown) => {
    record.want(valid(readFinalize(input)));
    record.stale = true;
    record.askAgain = true;
  });
  setHandler(statusChangedSignal, (input: unknown) => {
    const began = valid(readBegan(input));
    if (!began) record.stale = true;
    else if (record.running.has(began.began)) {
      record.board.began(began.began, began.attempt);
      record.show();
    }
  });
  setHandler(tickSignal, () => {
    record.skip.splice(0);
    record.stale = true;
    record.askAgain = true;
  });
  setHandler(stateQuery, () => record.state());
  // Temporal keeps a signal without a handler for a handler that may come later: here, none comes.
  setDefaultSignalHandler((name) => record.ignore([`the signal ${name}: there is no such signal`]));
}
