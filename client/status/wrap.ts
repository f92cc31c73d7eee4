/** Breaks a text into lines of at most `width` characters; words stay whole where they fit. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(1, width)));
}

/** A label and its text beside it, with the text's further lines under its first. */
export function hanging(label: string, text: string, width: number | undefined): string {
  if (width === undefined) return label + text;
  const indent = visibleLength(label);
  // On a terminal narrower than a few words nothing reads well.
  const lines = wrap(text, Math.max(20, width - indent));
  return lines.map((line, index) => (index === 0 ? label : ' '.repeat(indent)) + line).join('\n');
}

/** Characters of a line without its colours. */
export const visibleLength = (line: string): number => line.replace(COLOR, '').length;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOR = /\u001b\[[0-9;]*m/g;

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (longer.length <= width) {
      current = longer;
      continue;
    }
    if (current !== '') lines.push(current);
    current = word;
    while (current.length > width) {
      lines.push(current.slice(0, width));
      current = current.slice(width);
    }
  }
  return [...lines, current];
}
