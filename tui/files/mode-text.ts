const letters: Readonly<Record<string, string>> = {
  ...{ directory: 'd', symlink: 'l', socket: 's', fifo: 'p', 'character-device': 'c', 'block-device': 'b' },
};

/** As ls(1) shows it: `drwxr-xr-x`. */
export function modeText(kind: string, mode: number): string {
  const type = letters[kind] ?? '-';
  const special = [mode & 0o4000, mode & 0o2000, mode & 0o1000];
  const triples = [6, 3, 0].map((shift, index) => {
    const bits = mode >> shift;
    const letter = index === 2 ? 't' : 's';
    const executable = (bits & 1) !== 0;
    const last = special[index] === 0 ? (executable ? 'x' : '-') : executable ? letter : letter.toUpperCase();
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  });
  return type + triples.join('');
}
