/** Commands to a terminal: colours and cursor moves (CSI), titles and links (OSC). */
const TERMINAL_SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/g;

/**
 * Characters that change how the text around them is shown: control characters (C0, C1), and the
 * marks, overrides and isolates of bidirectional text.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Makes text from outside safe to show: one line, without commands to the terminal and without
 * characters that hide other text. For error texts, reasons, workers' names and the results of an
 * author's checks.
 */
export function plainText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(TERMINAL_SEQUENCES, '')
      // U+0085 (next line) also ends a line, but \s does not match it.
      .replace(/[\s\u0085]+/g, ' ')
      .replace(INVISIBLE, '')
      .trim()
  );
}

/** Some tools end a line at these, too. */
const LINE_ENDS = /[\u2028\u2029]/g;

/**
 * Replaces what {@link plainText} removes by how JSON writes it: '\u009b'. Within a string of JSON
 * the value stays the same.
 */
export const escapeInvisible = (text: string): string =>
  text.replace(INVISIBLE, escaped).replace(LINE_ENDS, escaped);

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
