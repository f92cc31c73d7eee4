import { readFileSync, writeFileSync } from 'node:fs';
import { temporal } from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { built } from '../../settings/projectFolder';

const { HistoryEvent } = temporal.api.history.v1;
type History = temporal.api.history.v1.IHistory;

const AS_JSON = { longs: String, enums: String, bytes: String };

/** Saves what a workflow's `fetchHistory()` returned, without the names of the machine and its files. */
export function saveHistory(file: string, { events }: History): void {
  const lines = (events ?? []).map((event) =>
    JSON.stringify(HistoryEvent.toObject(HistoryEvent.fromObject(event), AS_JSON), withoutMachine),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
}

function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'identity') return 'worker';
  if (key === 'stackTrace') return undefined;
  // A sticky task queue has the worker's identity in its name.
  if (key === 'taskQueue' && value && typeof value === 'object' && 'normalName' in value)
    return { ...value, name: 'sticky' };
  return value;
}

/** Reads what {@link saveHistory} saved: one event per line. */
export function readHistory(file: string): History {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return { events: lines.map((line) => HistoryEvent.fromObject(JSON.parse(line))) };
}

// A replay's log adds nothing to its error.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR' } },
});

/**
 * Runs the built workflow code against a history.
 * @throws DeterminismViolationError when the code's commands differ from the recorded ones
 */
export function replay(history: History, workflowId: string): Promise<void> {
  return Worker.runReplayHistory(
    {
      workflowBundle: { codePath: built('workflowBundle.js') },
      dataConverter: { payloadConverterPath: built('payloadConverter.js') },
    },
    history,
    workflowId,
  );
}
