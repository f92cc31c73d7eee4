import { expect, test } from '@jest/globals';
import { addressProblem, readMetricsTarget } from '../../settings/metrics';

test.each(['0.0.0.0:9464', '127.0.0.1:1', '[::]:65535'])('%s is an address', (address) => {
  expect(addressProblem(address)).toBeUndefined();
  expect(readMetricsTarget(address, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' })).toEqual({
    kind: 'prometheus',
    address,
  });
});

test.each(['9464', ':9464', 'localhost:9464', '0.0.0.0:0', '0.0.0.0:65536', 'http://0.0.0.0:9464'])(
  '%s is no address, and the message shows one',
  (address) => {
    expect(addressProblem(address)).toContain('write 0.0.0.0:9464');
  },
);

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318/' };
const OTLP = {
  kind: 'otlp',
  url: 'http://otel:4318/v1/metrics',
  http: true,
  headers: {},
  every: 60_000,
  temporality: 'cumulative',
};

test.each([
  ['nothing', {}, undefined],
  ['an address for all signals', ENDPOINT, OTLP],
  ['no metrics', { ...ENDPOINT, OTEL_METRICS_EXPORTER: 'none' }, undefined],
  ['all off', { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }, undefined],
  [
    'an address of its own',
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://metrics:4318/here' },
    { ...OTLP, url: 'https://metrics:4318/here' },
  ],
  [
    'gRPC',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { ...OTLP, url: 'http://otel:4317', http: false },
  ],
  [
    'headers, interval and temporality',
    {
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: 'Api-Key=a%20b, other=1',
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'other=2=3',
      OTEL_METRIC_EXPORT_INTERVAL: '5000',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'Delta',
    },
    { ...OTLP, headers: { 'api-key': 'a b', other: '2=3' }, every: 5_000, temporality: 'delta' },
  ],
])("OpenTelemetry's variables: %s", (_, env, expected) => {
  expect(readMetricsTarget(undefined, env)).toEqual(expected);
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'otel:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT: not a URL'],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, "'http/json' can't be used"],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'secret' }, 'OTEL_EXPORTER_OTLP_HEADERS: not a list'],
  [{ ...ENDPOINT, OTEL_METRIC_EXPORT_INTERVAL: '5 s' }, 'not a number of milliseconds'],
])('what can not be used is said, without secrets: %j', (env, text) => {
  const target = readMetricsTarget(undefined, env);
  expect(target).toEqual({ kind: 'unusable', why: expect.stringContaining(text) });
  expect(JSON.stringify(target)).not.toContain('secret');
});
