/** elf(5). */
const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const class64 = 2;
const littleEndian = 1;
const PT_INTERP = 3;
const header = { class: 4, data: 5, phoff: 32, phentsize: 54, phnum: 56, size: 64 } as const;
const segment = { type: 0, offset: 8, filesz: 32, size: 56 } as const;

/**
 * The loader that a program asks for (its PT_INTERP), from the head of its file; undefined for one that has none, is not
 * ELF, or of a class that Node does not exist for (32 bits, big-endian).
 */
export function elfInterpreter(head: Buffer): string | undefined {
  if (head.length < header.size || !head.subarray(0, magic.length).equals(magic)) return undefined;
  if (head[header.class] !== class64 || head[header.data] !== littleEndian) return undefined;
  const start = Number(head.readBigUInt64LE(header.phoff));
  const entrySize = head.readUInt16LE(header.phentsize);
  for (let index = 0; index < head.readUInt16LE(header.phnum); index++) {
    const at = start + index * entrySize;
    if (at + segment.size > head.length) return undefined;
    if (head.readUInt32LE(at + segment.type) !== PT_INTERP) continue;
    const offset = Number(head.readBigUInt64LE(at + segment.offset));
    const size = Number(head.readBigUInt64LE(at + segment.filesz));
    if (size < 2 || offset + size > head.length) return undefined;
    return head.toString('utf8', offset, offset + size - 1); // it ends with a zero byte
  }
  return undefined;
}
