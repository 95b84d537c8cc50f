/** Words between spaces; one in double quotes, or a part of one, may have spaces. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"?|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''));
}

/** `key=value` words as a map, or what is wrong with them. */
export function pairsIn(
  words: readonly string[],
): { readonly pairs: Readonly<Record<string, string>> } | { readonly error: string } {
  const pairs: Record<string, string> = {};
  for (const word of words) {
    const split = word.indexOf('=');
    if (split < 1) return { error: `"${word}" is no key=value` };
    pairs[word.slice(0, split)] = word.slice(split + 1);
  }
  return { pairs };
}

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
