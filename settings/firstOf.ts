// Apart from screenText.ts, since a deploy gate names migrations, too: it loads no other package.

/** The first of many lines, and how many more there are. */
export function firstOf(lines: readonly string[], atMost: number): string[] {
  const more = lines.length - atMost;
  return [...lines.slice(0, atMost), ...(more > 0 ? [`and ${more} more`] : [])];
}

/** 'a, b and 3 more'. */
export function firstNames(names: readonly string[], atMost: number): string {
  const more = names.length - atMost;
  const first = names.slice(0, atMost).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}
