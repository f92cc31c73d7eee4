import { TemporalRefused, TemporalUnreachable } from './connecting/errors';
import { keyProblemOf } from './payloads/keyProblem';

/** gRPC status codes. */
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** Explains an error of Temporal's client in one line; undefined for any other error. */
export function explainTemporal(error: unknown): string | undefined {
  if (error instanceof TemporalUnreachable || error instanceof TemporalRefused)
    return error.message;
  if (!(error instanceof Error)) return undefined;
  const keyProblem = keyProblemOf(error);
  if (keyProblem) return keyProblem;
  if (error.name === 'NamespaceNotFoundError' || isNamespaceNotFound(error)) {
    return noNamespace(namespaceIn(error));
  }
  // From the worker's connection. It does not use grpc-js, and the error has no code.
  if (error.name === 'TransportError')
    return 'no answer (TEMPORAL_ADDRESS; is the server running?)';
  switch (grpcCode(error)) {
    case UNAVAILABLE:
    case DEADLINE_EXCEEDED:
      return 'Temporal no longer answers (TEMPORAL_ADDRESS); try again';
    case UNAUTHENTICATED:
    case PERMISSION_DENIED:
      return 'Temporal refused access (TEMPORAL_API_KEY, TEMPORAL_TLS_…)';
    case undefined:
      return undefined;
    default:
      return `Temporal says: ${(grpcError(error) ?? error).message}`;
  }
}

/** What to do about a namespace that does not exist. */
export const noNamespace = (name: string): string =>
  `Temporal has no namespace '${name}'; set TEMPORAL_NAMESPACE, or: temporal operator namespace create -n ${name}`;

/** The name: the SDK's class has it, else Temporal's message. */
function namespaceIn(error: Error): string {
  if ('namespace' in error && typeof error.namespace === 'string') return error.namespace;
  return /Namespace (\S+) is not found/.exec(error.message)?.[1] ?? '<name>';
}

/** Whether Temporal answers but refuses access. */
export const isRefused = (error: unknown): boolean =>
  error instanceof Error && [UNAUTHENTICATED, PERMISSION_DENIED].includes(grpcCode(error) ?? -1);

/** Whether the workflow or activity does not exist in Temporal. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof Error &&
  grpcCode(error) === NOT_FOUND &&
  error.name !== 'NamespaceNotFoundError' &&
  !isNamespaceNotFound(error);

/** Without the SDK's own error class, only the message says that the namespace is missing. */
const isNamespaceNotFound = (error: Error): boolean =>
  grpcCode(error) === NOT_FOUND && /^5 NOT_FOUND: Namespace /.test(error.message);

function grpcCode(error: Error): number | undefined {
  const found = grpcError(error);
  return found && 'code' in found && typeof found.code === 'number' ? found.code : undefined;
}

/** The cause of the SDK's ServiceError is the gRPC error. */
function grpcError(error: Error): Error | undefined {
  if ('code' in error && typeof error.code === 'number') return error;
  return error.cause instanceof Error ? grpcError(error.cause) : undefined;
}
