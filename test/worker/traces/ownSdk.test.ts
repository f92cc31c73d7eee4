import { expect, test } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import type { Log } from '../../../activities/log';
import { startOwnSdk } from '../../../worker/traces/ownSdk';
import { waitFor } from '../../support/waitFor';

test('a collector that is away is one line in the log', async () => {
  const lines: unknown[][] = [];
  const nothing = () => {};
  const log: Log = {
    debug: nothing,
    info: nothing,
    error: nothing,
    warn: (...line: unknown[]) => void lines.push(line),
    child: () => log,
  };
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces',
    OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  const close = startOwnSdk(log);
  const tracer = trace.getTracer('test');
  tracer.startSpan('one').end();
  await waitFor('the line', () => lines.length > 0);
  tracer.startSpan('another').end();
  await close();
  expect(lines).toEqual([
    [{ from: 'opentelemetry' }, 'traces may be lost: connect ECONNREFUSED 127.0.0.1:1'],
  ]);
});
