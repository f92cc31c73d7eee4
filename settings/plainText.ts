/** A terminal's commands: colours, cursor moves (CSI), titles and links (OSC). */
const TERMINAL_SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/g;

/**
 * What changes how the text around it is read: control characters (C0, C1), and the marks,
 * overrides and isolates of bidirectional text.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from outside on one line, without anything that a terminal obeys or that hides what is
 * written: error texts, reasons, workers' names, what an author's check returned.
 */
export function plainText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(TERMINAL_SEQUENCES, '')
      // NEL ends a line, too.
      .replace(/[\s\u0085]+/g, ' ')
      .replace(INVISIBLE, '')
      .trim()
  );
}
