/** The SQLSTATE of an error of Postgres, even if Drizzle has wrapped it. */
export function sqlState(error: unknown): unknown {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}
