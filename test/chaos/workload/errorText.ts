/** A driver's error in one line, without row values: of an error of Postgres's only the code. */
export function errorText(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message?.split('\n')[0] ?? String(error);
}
