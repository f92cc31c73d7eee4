import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { temporal } from '@temporalio/proto';
import { DefaultLogger, type ReplayWorkerOptions, Runtime, Worker } from '@temporalio/worker';
import { built } from '../../settings/projectFolder';

const { HistoryEvent } = temporal.api.history.v1;
type History = temporal.api.history.v1.IHistory;

const AS_JSON = { longs: String, enums: String, bytes: String };

/**
 * What a workflow's `fetchHistory()` returned, without the names of the machine and its files: one
 * event a line.
 */
export function historyText({ events }: History): string {
  const lines = (events ?? []).map((event) =>
    JSON.stringify(HistoryEvent.toObject(HistoryEvent.fromObject(event), AS_JSON), withoutMachine),
  );
  return `${lines.join('\n')}\n`;
}

/** Saves {@link historyText}, compressed if the name of the file says so. */
export function saveHistory(file: string, history: History): void {
  const text = historyText(history);
  writeFileSync(file, file.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text);
}

function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'identity') return 'worker';
  if (key === 'stackTrace') return undefined;
  // A sticky task queue has the worker's identity in its name.
  if (key === 'taskQueue' && value && typeof value === 'object' && 'normalName' in value)
    return { ...value, name: 'sticky' };
  return value;
}

/** Reads what {@link saveHistory} saved. */
export function readHistory(file: string): History {
  const content = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(content) : content).toString('utf8');
  const lines = text.trimEnd().split('\n');
  return { events: lines.map((line) => HistoryEvent.fromObject(JSON.parse(line))) };
}

// A replay's log adds nothing to its error.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR' } },
});

/** The built workflow code. */
const BUILT = built('workflowBundle.js');

/**
 * Runs the built workflow code against a history.
 * @throws DeterminismViolationError when the code's commands differ from the recorded ones
 */
export function replay(history: History, workflowId: string): Promise<void> {
  return Worker.runReplayHistory(optionsFor(BUILT), history, workflowId);
}

/**
 * Runs workflow code against all histories in a folder.
 * @param codePath the workflow bundle; default: the built one
 * @returns what went wrong, by file; undefined for what did not
 */
export async function replayFolder(
  folder: string,
  codePath: string = BUILT,
): Promise<Record<string, Error | undefined>> {
  const files = new Map<string, string>();
  const histories = readdirSync(folder).map((file) => {
    const history = readHistory(path.join(folder, file));
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    files.set(started?.originalExecutionRunId ?? '', file);
    return { workflowId: started?.workflowId ?? '', history };
  });
  const results: Record<string, Error | undefined> = {};
  for await (const { runId, error } of Worker.runReplayHistories(optionsFor(codePath), histories)) {
    results[files.get(runId) ?? runId] = error;
  }
  return results;
}

const optionsFor = (codePath: string): ReplayWorkerOptions => ({
  workflowBundle: { codePath },
  dataConverter: { payloadConverterPath: built('payloadConverter.js') },
});
