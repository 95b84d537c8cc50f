import { UsageError } from '../arguments/usage-error.ts';

/** Letters of `--columns`, with the headers of their columns. */
export type ColumnLetters = Readonly<Record<string, string>>;

/** The letters of the lists that have no columns but these; as in the field. */
export const listColumns = {
  network: {
    n: 'NAME',
    t: 'TYPE',
    m: 'MANAGED',
    4: 'IPV4',
    6: 'IPV6',
    d: 'DESCRIPTION',
    u: 'USED BY',
    s: 'STATE',
  },
  profile: { e: 'PROJECT', n: 'NAME', d: 'DESCRIPTION', u: 'USED BY' },
  project: { n: 'NAME', i: 'IMAGES', p: 'PROFILES', v: 'STORAGE VOLUMES', d: 'DESCRIPTION', u: 'USED BY' },
  storage: { n: 'NAME', D: 'DRIVER', S: 'SOURCE', d: 'DESCRIPTION', u: 'USED BY', s: 'STATE', U: 'USED' },
} as const satisfies Readonly<Record<string, ColumnLetters>>;

/** The headers that `--columns` asks for. */
export function headersOf(letters: ColumnLetters, text: string): string[] {
  const given = [...text].filter((letter) => letter !== ',');
  if (given.length === 0) throw new UsageError('Empty column list');
  return given.map((letter) => {
    const header = Object.hasOwn(letters, letter) ? letters[letter] : undefined;
    if (header === undefined) throw new UsageError(`Unknown column shorthand char '${letter}' in '${text}'`);
    return header;
  });
}
