import { plainText } from '../settings/plainText';

/**
 * Makes the Web UI show a text from outside as it is. The Web UI renders Markdown, and HTML in it:
 * each character that has a meaning in one of them, or ends a table cell, is written as its number.
 */
export function escapeMarkdown(text: string): string {
  return plainText(text).replace(/[^\p{L}\p{N}\p{M} ,;.'%/=?-]/gu, asNumber);
}

const asNumber = (character: string): string => `&#${character.codePointAt(0)};`;
