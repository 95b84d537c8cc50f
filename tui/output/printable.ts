/**
 * Text from the server or an instance, made safe to print: whoever names an instance or writes a log line must not be
 * able to move the cursor, rewrite the window title, fill the clipboard (OSC 52) or reorder the line.
 * Controls C0, DEL and C1, bidirectional controls (https://trojansource.codes), line separators, the byte order mark,
 * the invisible "tag" characters and lone surrogates become visible escapes; combining marks are kept up to a few.
 */
export function printable(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(unprintable, escapeOf).replace(towers, '$1');
}

/** The same for text of several lines: line ends stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Escapes what is left of it inside JSON or double-quoted YAML, where `\uXXXX` means the same character. */
export function printableEscapes(json: string): string {
  return json.replace(unprintableButLineEnds, unicodeEscape);
}

export function hasUnprintable(text: string): boolean {
  return text.search(unprintableButLineEnds) >= 0;
}

const unprintable =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/gu;
const unprintableButLineEnds =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/gu;

/** A few marks on one letter are a language, many are a tower that reaches into other lines. */
const towers = /(\p{M}{4})\p{M}+/gu;

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

function unicodeEscape(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}
