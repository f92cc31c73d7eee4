import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Value = { readonly stringValue?: string; readonly intValue?: number | string };

/** A span as OTLP/JSON writes it, with its attributes as an object. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly service: string | number | undefined;
}

/** An OTLP collector over HTTP. */
export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT; OTEL_EXPORTER_OTLP_PROTOCOL has to be http/json. */
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** The bodies of all requests with spans. */
  readonly bodies: string[];
  /** Of all requests. */
  readonly paths: Set<string>;
  close(): void;
}

/** Starts a collector, which keeps the spans that it gets. */
export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const paths = new Set<string>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    paths.add(request.url ?? '');
    if (request.url === '/v1/traces') {
      bodies.push(body);
      spans.push(...spansIn(body));
    }
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    paths,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

type Attributes = readonly { readonly key: string; readonly value: Value }[];

interface Export {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes' | 'service'> & {
        readonly attributes: Attributes;
      })[];
    }[];
  }[];
}

function spansIn(body: string): ReceivedSpan[] {
  return ((JSON.parse(body) as Export).resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        ...span,
        attributes: valuesOf(span.attributes),
        service: valuesOf(resource.attributes)['service.name'],
      })),
  );
}

const valuesOf = (attributes: Attributes) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.intValue === undefined ? value.stringValue : Number(value.intValue),
    ]),
  );
