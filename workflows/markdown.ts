import { plainText } from '../settings/plainText';

/**
 * Text from outside, shown as it is: the Web UI renders Markdown, and HTML in it. Every character
 * that means something in either, or ends a table's cell, is written as its number.
 */
export function escapeMarkdown(text: string): string {
  return plainText(text).replace(/[^\p{L}\p{N}\p{M} ,;.'%/=?-]/gu, asNumber);
}

const asNumber = (character: string): string => `&#${character.codePointAt(0)};`;
