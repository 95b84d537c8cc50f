import { eastAsianWidth } from 'get-east-asian-width';

/**
 * Columns that a printable text takes in a terminal: by grapheme clusters, emoji two, else as East Asian Width (Unicode
 * Annex 11) says of what the cluster begins with. A library knows the same, from the list of all emoji: to read that
 * takes 40 ms of processor time, which is more than all else that a first frame needs.
 */
export function textWidth(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const cluster of clustersOf(text)) width += clusterWidth(cluster);
  return width;
}

/** Whether each UTF-16 unit is a character of one column: ASCII, Latin, arrows, lines and blocks. */
export function isPlain(text: string): boolean {
  return /^[\x20-\x7e\u00a1-\u00a8\u00aa-\u00ac\u00af-\u02ff\u2026\u2190-\u2193\u2500-\u25a9\u25b8\u25cf\u2714\u2716]*$/.test(
    text,
  );
}

/** Made when the first text needs it: to read the rules of all scripts takes 9 ms. */
let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character each. */
export function clustersOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function clusterWidth(cluster: string): number {
  const characters = [...cluster];
  const first = characters.findIndex(isVisible);
  if (first < 0) return 0;
  const visible = characters.slice(first);
  if (isEmoji(visible.join(''))) return 2;
  // Below or beside the first, some still take columns of their own.
  return visible.reduce((sum, one, at) => (at === 0 || isWideLater(one) ? sum + widthAlone(one) : sum), 0);
}

function widthAlone(character: string): number {
  return eastAsianWidth(character.codePointAt(0) ?? 0);
}

function isVisible(character: string): boolean {
  return !/^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{Cs}]/u.test(character);
}

/** Spacing marks, halfwidth and fullwidth forms, leading consonants of Hangul. */
function isWideLater(character: string): boolean {
  return /^[\p{Mc}\uff00-\uffef\u1100-\u115f\ua960-\ua97c]/u.test(character);
}

/** Sequences that are drawn as one picture; single emoji are wide by themselves. https://unicode.org/reports/tr51/ */
function isEmoji(cluster: string): boolean {
  if (/^[\d#*]\ufe0f?\u20e3/.test(cluster)) return true; // keycaps
  if (/^[\u{1f1e6}-\u{1f1ff}]{2}/u.test(cluster)) return true; // flags
  if (/^(?![\d#*\u{1f1e6}-\u{1f1ff}])\p{Emoji}(\ufe0f|\p{Emoji_Modifier})/u.test(cluster)) return true;
  return /^\p{Extended_Pictographic}.*\u200d\p{Extended_Pictographic}/u.test(cluster);
}
