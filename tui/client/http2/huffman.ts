/** Bits of the code of each byte. https://www.rfc-editor.org/rfc/rfc7541#appendix-B */
// biome-ignore format: sixteen in a row
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

const maxCodeLength = 30;
const maxPaddingBits = 7;

/** The codes of one length: they follow one another in the order of their bytes. */
interface Row {
  readonly firstCode: number;
  readonly bytes: readonly number[];
}

/** By length. The code is canonical: it follows from the lengths alone. */
const rows = buildRows();

function buildRows(): Row[] {
  const bytesOf: number[][] = Array.from({ length: maxCodeLength + 1 }, () => []);
  for (const [byte, length] of codeLengths.entries()) bytesOf[length]?.push(byte);
  let nextCode = 0;
  return bytesOf.map((bytes) => {
    const firstCode = nextCode * 2;
    nextCode = firstCode + bytes.length;
    return { firstCode, bytes };
  });
}

/** A string of HPACK. Throws a RangeError for what no encoder writes. https://www.rfc-editor.org/rfc/rfc7541#section-5.2 */
export function decodeHuffman(bytes: Buffer): string {
  const text: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const row = rows[length];
      if (row === undefined) throw new RangeError('A header of the server has an unknown code');
      const found = row.bytes[code - row.firstCode];
      if (found === undefined) continue;
      text.push(found);
      code = 0;
      length = 0;
    }
  }
  // The rest of the last byte is filled with the beginning of the code for the end: ones.
  if (length > maxPaddingBits || code !== 2 ** length - 1)
    throw new RangeError('A header of the server ends in a code');
  return Buffer.from(text).toString('latin1');
}
