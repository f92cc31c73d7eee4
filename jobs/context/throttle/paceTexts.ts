/** 'application 1.1 ×'. */
export function applicationText(alone: boolean, slowdown: number | undefined): string {
  if (alone) return 'nobody else is there';
  return slowdown === undefined
    ? 'application not measured yet'
    : `application ${slowdown.toFixed(1)} ×`;
}

/** The error's message is left out: nobody knows what stands in it. */
export function bugText(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const place = /^ +(at .+)$/m.exec(stack)?.[1] ?? 'at an unknown place';
  return `the throttle has a bug (${name} ${place}): the walk goes on with one lane that mostly rests`;
}
