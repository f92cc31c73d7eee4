/** Codes of gRPC. */
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** Temporal doesn't answer; says where it was looked for. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
  constructor(address: string) {
    super(`no answer from Temporal at ${address} (TEMPORAL_ADDRESS; is the server running?)`);
  }
}

/** One line on an error of Temporal's client; undefined when it isn't one. */
export function explainTemporal(error: unknown): string | undefined {
  if (error instanceof TemporalUnreachable) return error.message;
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'NamespaceNotFoundError' || isNamespaceNotFound(error)) {
    return 'Temporal has no such namespace (TEMPORAL_NAMESPACE); create it: temporal operator namespace create <name>';
  }
  // The worker's own connection, which is not grpc-js's; the error has no code.
  if (error.name === 'TransportError')
    return 'no answer (TEMPORAL_ADDRESS; is the server running?)';
  switch (grpcCode(error)) {
    case UNAVAILABLE:
    case DEADLINE_EXCEEDED:
      return "Temporal doesn't answer any more (TEMPORAL_ADDRESS); try again";
    case UNAUTHENTICATED:
    case PERMISSION_DENIED:
      return 'Temporal refuses us (TEMPORAL_API_KEY, TEMPORAL_TLS_…)';
    case undefined:
      return undefined;
    default:
      return `Temporal says: ${(grpcError(error) ?? error).message}`;
  }
}

/** Whether Temporal answers, and won't have us. */
export const isRefused = (error: unknown): boolean =>
  error instanceof Error && [UNAUTHENTICATED, PERMISSION_DENIED].includes(grpcCode(error) ?? -1);

/** Whether Temporal says that there is no such workflow or activity. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof Error &&
  grpcCode(error) === NOT_FOUND &&
  error.name !== 'NamespaceNotFoundError' &&
  !isNamespaceNotFound(error);

/** The raw service names a missing namespace by its message alone. */
const isNamespaceNotFound = (error: Error): boolean =>
  grpcCode(error) === NOT_FOUND && /^5 NOT_FOUND: Namespace /.test(error.message);

function grpcCode(error: Error): number | undefined {
  const found = grpcError(error);
  return found && 'code' in found && typeof found.code === 'number' ? found.code : undefined;
}

/** The SDK's ServiceError has gRPC's error as its cause. */
function grpcError(error: Error): Error | undefined {
  if ('code' in error && typeof error.code === 'number') return error;
  return error.cause instanceof Error ? grpcError(error.cause) : undefined;
}
