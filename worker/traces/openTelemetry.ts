import {
  type Context,
  context,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type {
  AttemptFacts,
  AttemptTrace,
  TracedAttempt,
  Traces,
} from '../../activities/traces/traces';
import type { SampledBatch } from '../../jobs/context/batchSample';
import { plainText } from '../../settings/plainText';
import { identity } from '../identity';

/** Records spans by the tracer provider of this process: ours, or the application's. */
export function openTelemetryTraces(): Traces {
  const tracer = trace.getTracer('long-running-migrations');
  return { on: true, begin: (attempt) => begin(tracer, attempt), logFields };
}

function begin(tracer: Tracer, { migration, number, direction }: TracedAttempt): AttemptTrace {
  const span = tracer.startSpan(`attempt ${migration}`, {
    attributes: {
      'lrm.migration': migration,
      'lrm.attempt': number,
      'lrm.direction': direction,
      'lrm.worker': identity(),
    },
  });
  const within = trace.setSpan(context.active(), span);
  let batches = 0;
  let ended = false;
  return {
    batches: ({ times, sampled = [] }) => {
      for (const [, count] of times) batches += count;
      for (const batch of sampled) record(tracer, batch, within);
    },
    end: (facts) => {
      if (ended) return;
      ended = true;
      if (facts) describeEnd(span, facts);
      span.setAttribute('lrm.batches', batches).end();
    },
  };
}

function record(tracer: Tracer, batch: SampledBatch, within: Context): void {
  const { walk, table, rows, endedAt, ms, leftOut } = batch;
  const attributes = {
    'lrm.walk': plainText(walk),
    'lrm.table': plainText(table),
    'lrm.rows': rows,
    'lrm.batches_left_out': leftOut,
  };
  tracer
    .startSpan(`batch ${plainText(table)}`, { startTime: endedAt - ms, attributes }, within)
    .end(endedAt);
}

/** Outcomes that an operator looks for. Time limits, deploys and pauses are no errors. */
const ERRORS: ReadonlySet<string> = new Set(['failed', 'retried']);

/** Without the error's text: the activity's own span has the one that Temporal shows. */
function describeEnd(span: Span, { outcome, rows, error }: AttemptFacts): void {
  span.setAttributes({ 'lrm.outcome': outcome, 'lrm.rows': rows });
  if (error) span.setAttribute('error.type', error.errorClass);
  if (error?.code !== undefined) span.setAttribute('lrm.error_code', error.code);
  if (ERRORS.has(outcome)) span.setStatus({ code: SpanStatusCode.ERROR });
}

/** By the names that OpenTelemetry has for logs of other formats. */
function logFields(): { trace_id: string; span_id: string } | undefined {
  const found = trace.getActiveSpan()?.spanContext();
  return found && { trace_id: found.traceId, span_id: found.spanId };
}
