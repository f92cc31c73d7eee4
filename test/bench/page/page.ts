/** What the page begins with when it has no parts yet. */
const HEAD = `# Benchmarks

Written by \`npm run bench -- --write\`, one part at a time: under each stands when and on which machine
it was taken. The absolute figures are for that machine. The ratios, taken within one run, hold elsewhere
too.
`;

/** Stands before each part, where readers don't see it. */
const mark = (part: string): string => `<!-- part: ${part} -->`;
const MARK = /^<!-- part: (\w+) -->$/m;

/**
 * The page with one part replaced, or added in its place. All others stay as they are.
 * @param order of the parts on the page
 */
export function withPart(
  page: string,
  part: string,
  section: string,
  order: readonly string[],
): string {
  // Split by a group: the text before the first mark, then a name and a text in turn.
  const [head = '', ...rest] = page.split(MARK);
  const sections = new Map<string, string>();
  for (let index = 0; index + 1 < rest.length; index += 2) {
    sections.set(rest[index] ?? '', rest[index + 1] ?? '');
  }
  sections.set(part, section);
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  const sorted = [...sections].sort(([a], [b]) => place(a) - place(b));
  const texts = sorted.map(([name, text]) => `${mark(name)}\n\n${text.trim()}\n`);
  return [head.trim() === '' ? HEAD : `${head.trim()}\n`, ...texts].join('\n');
}
