/**
 * Waits for work, but not for ever. What is late goes on, and nobody learns how it ends.
 * @returns undefined when it takes longer
 * @example
 * const answer = await within(2_000, ask());
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
