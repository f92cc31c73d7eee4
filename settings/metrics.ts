import { isIPv4, isIPv6 } from 'node:net';

/** Where a worker's metrics go. */
export type MetricsTarget =
  /** An HTTP page, `/metrics`, that Prometheus reads. */
  | { readonly kind: 'prometheus'; readonly address: string }
  /** A collector that they are sent to by OTLP, the protocol of OpenTelemetry. */
  | {
      readonly kind: 'otlp';
      readonly url: string;
      /** False: gRPC. */
      readonly http: boolean;
      /** May hold secrets. */
      readonly headers: Readonly<Record<string, string>>;
      /** Milliseconds. */
      readonly every: number;
      readonly temporality: 'cumulative' | 'delta';
    }
  /** OpenTelemetry's variables can't be used. They may be there for another program. */
  | { readonly kind: 'unusable'; readonly why: string };

/** OpenTelemetry's own default. Milliseconds. */
const EVERY = 60_000;

type Env = Readonly<Record<string, string | undefined>>;

/** What is wrong with an address to listen at; undefined: nothing. Names are not resolved. */
export function addressProblem(address: string): string | undefined {
  const [, host = '', port = ''] = /^(.*):([0-9]{1,5})$/.exec(address) ?? [];
  const isHost = isIPv4(host) || isIPv6(/^\[(.*)\]$/.exec(host)?.[1] ?? '');
  if (isHost && Number(port) >= 1 && Number(port) <= 65_535) return undefined;
  return `'${address}' is not an IP address with a port; write 0.0.0.0:9464 or 127.0.0.1:9464`;
}

/**
 * Reads where metrics go. An address of our own wins over OpenTelemetry's variables, which may be
 * there for traces: Temporal's runtime can't do both.
 * @param address LRM_METRICS_ADDRESS
 */
export function readMetricsTarget(
  address: string | undefined,
  env: Env,
): MetricsTarget | undefined {
  if (address !== undefined) return { kind: 'prometheus', address };
  const problems: string[] = [];
  const target = otlp(env, problems);
  return problems.length > 0 ? { kind: 'unusable', why: problems.join('; ') } : target;
}

/** @param problems gets what is wrong. Values may be secret, so few are quoted */
function otlp(env: Env, problems: string[]): MetricsTarget | undefined {
  const exporters = (env['OTEL_METRICS_EXPORTER'] ?? 'otlp').split(',');
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || !exporters.includes('otlp')) {
    return undefined;
  }
  const own = env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'];
  const base = own ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (base === undefined) return undefined;
  const name = own ? 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT' : 'OTEL_EXPORTER_OTLP_ENDPOINT';
  const http = isHttp(env, problems);
  if (!URL.canParse(base) || !/^https?:/.test(base)) {
    problems.push(`${name}: not a URL; write http://host:${http ? 4318 : 4317}`);
    return undefined;
  }
  return {
    kind: 'otlp',
    // Only the address for all signals gets the path of one, and gRPC has no paths.
    url: own || !http ? base : `${base.replace(/\/$/, '')}/v1/metrics`,
    http,
    headers: { ...headers(env, '', problems), ...headers(env, 'METRICS_', problems) },
    every: every(env['OTEL_METRIC_EXPORT_INTERVAL'], problems),
    temporality: temporality(env['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE']),
  };
}

function isHttp(env: Env, problems: string[]): boolean {
  const protocol = env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol === undefined || protocol === 'http/protobuf') return true;
  if (protocol !== 'grpc') {
    problems.push(
      `OTEL_EXPORTER_OTLP_PROTOCOL: '${protocol}' can't be used for metrics; write grpc or http/protobuf, or OTEL_METRICS_EXPORTER=none`,
    );
  }
  return false;
}

/** 'name=value,name=value', with values as in a URL. */
function headers(env: Env, of: '' | 'METRICS_', problems: string[]): Record<string, string> {
  const name = `OTEL_EXPORTER_OTLP_${of}HEADERS`;
  const found: Record<string, string> = {};
  for (const pair of (env[name] ?? '').split(',').filter((each) => each.trim() !== '')) {
    const [, key = '', value = ''] = /^\s*([^\s=]+)\s*=(.*)$/.exec(pair) ?? [];
    try {
      if (key) found[key.toLowerCase()] = decodeURIComponent(value.trim());
      else throw new URIError();
    } catch {
      problems.push(`${name}: not a list of headers; write name=value,name=value`);
      return {};
    }
  }
  return found;
}

function every(text: string | undefined, problems: string[]): number {
  if (text === undefined) return EVERY;
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  problems.push(`OTEL_METRIC_EXPORT_INTERVAL: '${text}' is not a number of milliseconds`);
  return EVERY;
}

const temporality = (preference: string | undefined): 'cumulative' | 'delta' =>
  preference?.toLowerCase() === 'delta' ? 'delta' : 'cumulative';
