import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** Breaks a text into lines of at most `width` columns. Only words longer than a line are cut. */
export const wrap = (text: string, width: number): string[] =>
  wrapAnsi(text, Math.max(1, width), { hard: true }).split('\n');

/** A label and its text beside it. Further lines of the text stand under its first line. */
export function hanging(label: string, text: string, width: number | undefined): string {
  if (width === undefined) return label + text;
  const indent = stringWidth(label);
  // On a terminal narrower than a few words nothing reads well.
  const lines = wrap(text, Math.max(20, width - indent));
  return lines.map((line, index) => (index === 0 ? label : ' '.repeat(indent)) + line).join('\n');
}
