import { printable } from '../../output/printable.ts';

/** The longest text of somebody else's that one cell or line shows. */
const maxTextLength = 4000;

/** Text of an instance, an image or the server, safe to show in one line. */
export function safe(text: string): string {
  return printable(text.length > maxTextLength ? text.slice(0, maxTextLength) : text);
}
