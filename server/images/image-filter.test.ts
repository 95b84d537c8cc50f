import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../base/fault.ts';
import { ImageFilter, type ImageLimits, imageLimits } from './image-filter.ts';
import { blockSize, headerSum, padding, type TarEntry, tarTypes } from './tar-format.ts';
import { TarReader } from './tar-reader.ts';
import { tarEnd, tarFile } from './tar-writer.ts';

const metadata = entry('metadata.yaml', { content: 'architecture: x86_64\n' });
const root = entry('rootfs/', { type: tarTypes.directory });

test('the root comes out without its prefix, with owners, modes, links, times and attributes', () => {
  const long = `rootfs/${'d/'.repeat(80)}file`;
  const attributes = new Map([
    ['SCHILY.xattr.security.capability', '\x01\0\0\x02'],
    ['SCHILY.acl.access', 'user::rwx'],
  ]);
  const { entries, filter } = filtered([
    entry('./metadata.yaml', { content: 'architecture: x86_64\n' }),
    entry('./rootfs', { type: tarTypes.directory, mode: 0o755 }),
    entry('rootfs/etc/', { type: tarTypes.directory, uid: 5, gid: 65535 }),
    entry('rootfs/etc/f\xc3\xa9', { content: 'x'.repeat(1000), mode: 0o4755, mtime: 77, attributes }),
    entry('rootfs/etc/hard', { type: tarTypes.hardLink, linkName: './rootfs/etc/f\xc3\xa9' }),
    entry('rootfs/sym', { type: tarTypes.symbolicLink, linkName: `/${'x'.repeat(200)}` }),
    entry('rootfs/fifo', { type: tarTypes.fifo }),
    entry(long, { content: 'deep' }),
    entry('templates/hostname.tpl', { content: '{{ x }}' }),
  ]);
  assert.deepEqual(
    entries.map(({ name, type, linkName }) => [name, type, linkName]),
    [
      ['./', '5', ''],
      ['etc/', '5', ''],
      ['etc/f\xc3\xa9', '0', ''],
      ['etc/hard', '1', 'etc/f\xc3\xa9'],
      ['sym', '2', `/${'x'.repeat(200)}`],
      ['fifo', '6', ''],
      [long.slice('rootfs/'.length), '0', ''],
    ],
  );
  const file = entries[2];
  assert.deepEqual(
    [file?.mode, file?.mtime, file?.attributes, file?.content],
    [0o4755, 77, attributes, 'x'.repeat(1000)],
  );
  assert.deepEqual([entries[1]?.uid, entries[1]?.gid], [5, 65535]);
  assert.equal(filter.metadata, 'architecture: x86_64\n');
  assert.deepEqual(filter.templates, [{ name: 'hostname.tpl', content: '{{ x }}' }]);
  assert.equal(filter.unpackedBytes, 1004);
});

test('attributes that overlayfs would obey are left out, and so are device nodes and links to them', () => {
  const attributes = new Map([
    ['SCHILY.xattr.trusted.overlay.opaque', 'y'],
    ['SCHILY.xattr.user.overlay.redirect', '/'],
    ['SCHILY.xattr.security.selinux', 'x'],
    ['SCHILY.xattr.user.mine', 'a\nb'],
  ]);
  const { entries } = filtered([
    metadata,
    root,
    entry('rootfs/whiteout', { type: tarTypes.characterDevice }),
    entry('rootfs/link', { type: tarTypes.hardLink, linkName: 'rootfs/whiteout' }),
    entry('rootfs/sda', { type: tarTypes.blockDevice }),
    entry('rootfs/dir', { type: tarTypes.directory, attributes }),
  ]);
  assert.deepEqual(
    entries.map((each) => each.name),
    ['./', 'dir/'],
  );
  assert.deepEqual([...(entries[1]?.attributes ?? [])], [['SCHILY.xattr.user.mine', 'a\nb']]);
});

/** A sparse file: its map, and as much data behind it as `dataBytes`. */
function sparse(name: string, realSizeBytes: number, map: string, dataBytes: number): Uint8Array {
  const lines = map.replaceAll(' ', '\n');
  const filler = '\0'.repeat(padding(lines.length));
  return entry(name, { content: `${lines}${filler}${'d'.repeat(dataBytes)}`, realSizeBytes });
}

test('sparse files come out as they are, and count without their holes', () => {
  const long = `${'n'.repeat(150)}`;
  const map = '2 4096 10 1000000000 0 ';
  const pieces = [
    metadata,
    root,
    sparse('rootfs/a', 1e9, map, 10),
    sparse(`rootfs/${long}`, 1e12, '1 1000000000000 0 ', 0),
  ];
  const { entries, filter } = filtered(pieces, { ...imageLimits, maxUnpackedBytes: 10_000 });
  assert.deepEqual(
    entries.slice(1).map(({ name, realSizeBytes, sizeBytes }) => [name, realSizeBytes, sizeBytes]),
    [
      ['a', 1e9, 522],
      [long, 1e12, 512],
    ],
  );
  assert.match(entries[1]?.content ?? '', /^2\n4096\n10\n1000000000\n0\n\0*d{10}$/);
  assert.equal(filter.unpackedBytes, 522 + 512);
});

test('maps of sparse files that cannot be are refused', () => {
  const whole = '1 0 512 ';
  const refused: [map: string, realSizeBytes: number, dataBytes: number, message: RegExp][] = [
    ['0 ', 0, 0, /has 0 runs/],
    ['9999999 ', 0, 0, /has 9999999 runs/],
    ['1 -5 5 ', 0, 5, /no valid number/],
    ['1 007 1 ', 8, 1, /no valid number/],
    ['1 9999999999999999 1 ', 8, 1, /no valid number/],
    ['1  0 1 ', 1, 1, /empty line/],
    ['2 100 10 105 10 ', 115, 20, /goes backwards/],
    [whole, 1000, 512, /does not end with the file/],
    [whole, 512, 511, /is of other data/],
    [whole, 512, 5000, /is of other data/],
    [`${whole}\0\0x`, 512, 512, /filled up with zeros/],
    ['5 1 1 ', 512, 0, /no valid number|not complete/],
  ];
  for (const [map, realSizeBytes, dataBytes, message] of refused) {
    const pieces = [metadata, root, sparse('rootfs/a', realSizeBytes, map, dataBytes)];
    assert.throws(() => filtered(pieces), { name: 'Fault', code: 'invalid', message }, map);
  }
  assert.throws(() => filtered([metadata, root, entry('rootfs/a', { realSizeBytes: 5 })]), /is not complete/);
});

const link = (name: string, linkName: string) => entry(name, { type: tarTypes.symbolicLink, linkName });
const templates = entry('templates/', { type: tarTypes.directory });
const hostile: Readonly<Record<string, [Uint8Array[], RegExp]>> = {
  'metadata.yaml as a symbolic link': [
    [link('metadata.yaml', '/etc/canary'), root],
    /metadata.yaml is not a regular file/,
  ],
  'metadata.yaml as a hard link': [
    [entry('metadata.yaml', { type: tarTypes.hardLink, linkName: 'x' }), root],
    /not a regular file/,
  ],
  'metadata.yaml as a fifo': [[entry('metadata.yaml', { type: tarTypes.fifo }), root], /not a regular file/],
  'metadata.yaml as a device': [
    [entry('metadata.yaml', { type: tarTypes.characterDevice }), root],
    /not a regular file/,
  ],
  'metadata.yaml as a directory': [[entry('metadata.yaml/x', { content: '' }), root], /not a regular file/],
  'metadata.yaml that is there twice': [[metadata, metadata, root], /more than one metadata.yaml/],
  'metadata.yaml that is too large': [[entry('metadata.yaml', { content: 'x'.repeat(600_000) }), root], /too large/],
  'templates as a symbolic link': [[metadata, root, link('templates', '/etc')], /templates is not a directory/],
  'templates as a file': [[metadata, root, entry('templates', { content: 'x' })], /templates is not a directory/],
  'a template as a symbolic link': [
    [metadata, root, templates, link('templates/x.tpl', '/etc/shadow')],
    /"templates\/x.tpl" is not a regular file/,
  ],
  'a template as a hard link': [
    [metadata, root, entry('templates/x.tpl', { type: tarTypes.hardLink, linkName: 'rootfs/etc/shadow' })],
    /is not a regular file/,
  ],
  'a template as a fifo': [[metadata, root, entry('templates/x', { type: tarTypes.fifo })], /is not a regular file/],
  'a template as a device': [
    [metadata, root, entry('templates/x', { type: tarTypes.characterDevice })],
    /is not a regular file/,
  ],
  'a directory among templates': [
    [metadata, root, entry('templates/x/', { type: tarTypes.directory })],
    /is not a regular file/,
  ],
  'a template in a directory': [[metadata, root, entry('templates/a/b', { content: '' })], /of that directory/],
  'a template with a name like an option': [
    [metadata, root, entry('templates/-x', { content: '' })],
    /cannot be the name/,
  ],
  'a hidden template': [[metadata, root, entry('templates/.x', { content: '' })], /cannot be the name/],
  'a template that is there twice': [
    [metadata, root, entry('templates/x', { content: '' }), entry('templates/./x', { content: '' })],
    /appears twice/,
  ],
  'a template that is too large': [
    [metadata, root, entry('templates/x', { content: 'x'.repeat(70_000) })],
    /too large/,
  ],
  'a template that is not text': [[metadata, root, entry('templates/x', { content: '\xff\xfe' })], /is not text/],
  'too many templates': [
    [metadata, root, ...Array.from({ length: 65 }, (_, index) => entry(`templates/x${index}`, { content: '' }))],
    /more than 64 templates/,
  ],
  'no metadata.yaml': [[root], /no metadata.yaml/],
  'no root': [[metadata], /no rootfs/],
  'rootfs as a symbolic link': [[metadata, link('rootfs', '/')], /rootfs is not a directory/],
  'rootfs as a file': [[metadata, entry('rootfs', { content: 'x' })], /rootfs is not a directory/],
  'an absolute path': [[metadata, root, entry('/etc/canary', { content: 'x' })], /absolute path/],
  'a path that leads out': [[metadata, root, entry('rootfs/a/../../../etc/canary', { content: 'x' })], /leads out/],
  'a path that leads out from the top': [[metadata, root, entry('../canary', { content: 'x' })], /leads out/],
  'a file below a symbolic link': [
    [metadata, root, link('rootfs/a', '/etc'), entry('rootfs/a/canary', { content: 'x' })],
    /entries below "a"/,
  ],
  'a directory below a symbolic link': [
    [metadata, root, link('rootfs/a', '..'), entry('rootfs/a/b/', { type: tarTypes.directory })],
    /entries below "a"/,
  ],
  'a link below a file': [
    [metadata, root, entry('rootfs/a', { content: '' }), link('rootfs/a/b', 'x')],
    /entries below "a"/,
  ],
  'a directory over a symbolic link': [
    [metadata, root, link('rootfs/a', '/etc'), entry('rootfs/a/', { type: tarTypes.directory })],
    /"a" appears twice/,
  ],
  'a symbolic link over a directory': [
    [metadata, root, entry('rootfs/a/b', { content: '' }), link('rootfs/a', '/')],
    /"a" appears twice/,
  ],
  'a file over a symbolic link': [
    [metadata, root, link('rootfs/a', '/x'), entry('rootfs/./a', { content: '' })],
    /"a" appears twice/,
  ],
  'a hard link out of the root': [
    [metadata, root, entry('rootfs/a', { type: tarTypes.hardLink, linkName: '/etc/shadow' })],
    /absolute/,
  ],
  'a hard link to what is not there': [
    [metadata, root, entry('rootfs/a', { type: tarTypes.hardLink, linkName: 'rootfs/b' })],
    /did not come before/,
  ],
  'a hard link to metadata.yaml': [
    [metadata, root, entry('rootfs/a', { type: tarTypes.hardLink, linkName: 'metadata.yaml' })],
    /did not come before/,
  ],
  'a hard link to a directory': [
    [
      metadata,
      root,
      entry('rootfs/b/', { type: tarTypes.directory }),
      entry('rootfs/a', { type: tarTypes.hardLink, linkName: 'rootfs/b' }),
    ],
    /did not come before/,
  ],
  'a link without a target': [[metadata, root, link('rootfs/a', '')], /no valid link target/],
  'an id beyond the map': [[metadata, root, entry('rootfs/a', { content: '', uid: 65536 })], /ids end at 65535/],
  'a GNU sparse file': [[metadata, root, entry('rootfs/a', { type: 'S' })], /not supported/],
  'a pax sparse file': [
    [metadata, root, entry('rootfs/a', { attributes: new Map([['GNU.sparse.size', '9']]) })],
    /sparse/,
  ],
  'a sparse metadata.yaml': [[sparse('metadata.yaml', 1e9, '1 1000000000 0 ', 0), root], /not a regular file/],
  'a sparse template': [[metadata, sparse('templates/x', 1e9, '1 1000000000 0 ', 0), root], /not a regular file/],
  'a sparse directory': [
    [metadata, root, entry('rootfs/a/', { type: tarTypes.directory, realSizeBytes: 9 })],
    /else than a file is sparse/,
  ],
  'a name that is too long': [[metadata, root, entry(`rootfs/${'x'.repeat(256)}`, { content: '' })], /invalid path/],
  'a path that is too deep': [[metadata, root, entry(`rootfs/${'x/'.repeat(300)}`, { content: '' })], /too deep/],
  'a NUL in a pax path': [[metadata, root, entry(`rootfs/${'x'.repeat(120)}\0y`, { content: '' })], /invalid path/],
};

for (const [what, [pieces, message]] of Object.entries(hostile)) {
  test(`refuses ${what}`, () => {
    assert.throws(() => filtered(pieces), { name: 'Fault', code: 'invalid', message });
  });
}

test('limits on entries, on unpacked bytes and on the archive itself hold', () => {
  const limits = (some: Partial<ImageLimits>) => ({ ...imageLimits, ...some });
  const file = (name: string) => entry(`rootfs/${name}`, { content: 'x'.repeat(4000) });
  const exhausted = { name: 'Fault', code: 'exhausted' };
  assert.throws(() => filtered([metadata, root, file('a'), file('b')], limits({ maxEntries: 3 })), exhausted);
  assert.throws(() => filtered([metadata, root, file('a'), file('b')], limits({ maxUnpackedBytes: 7000 })), exhausted);
  // Entries that are left out do not escape the limit.
  const ignored = entry('templates/x', { content: 'x'.repeat(9000) });
  assert.throws(() => filtered([metadata, root, ignored], limits({ maxUnpackedBytes: 7000 })), exhausted);
});

test('what is broken is refused with a fault, wherever it is cut or changed', () => {
  const whole = Buffer.concat([
    metadata,
    root,
    entry(`rootfs/${'n'.repeat(150)}`, { content: 'x'.repeat(700) }),
    tarEnd,
  ]);
  // Without its last block an archive is still complete: one block of zeros ends it.
  for (let cut = 0; cut < whole.length - 2 * blockSize; cut += 97) {
    assert.throws(
      () => filtered([whole.subarray(0, cut)], imageLimits, false),
      { name: 'Fault', code: 'invalid' },
      `cut at ${cut}`,
    );
  }
  let seed = 12345;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % below;
  };
  for (let round = 0; round < 2000; round += 1) {
    const broken = Buffer.from(whole);
    for (let count = random(4); count >= 0; count -= 1) broken[random(broken.length)] = random(256);
    if (round % 2 === 0)
      for (let at = 0; at + blockSize <= broken.length; at += blockSize) resum(broken.subarray(at, at + blockSize));
    try {
      filtered([broken], imageLimits, false);
    } catch (error) {
      assert.ok(error instanceof Fault && error.code !== 'internal', `round ${round}: ${String(error)}`);
    }
  }
});

test('the size of the pieces that arrive does not matter', () => {
  const whole = Buffer.concat([
    metadata,
    root,
    entry(`rootfs/${'n'.repeat(150)}`, { content: 'x'.repeat(700) }),
    tarEnd,
  ]);
  const expected = filtered([whole], imageLimits, false).output;
  for (const size of [1, 7, 511, 512, 513, 1000]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
    assert.deepEqual(filtered(pieces, imageLimits, false).output, expected, `pieces of ${size}`);
  }
});

interface ReadEntry extends TarEntry {
  content: string;
}

/** Runs an archive through the filter and reads what comes out. */
function filtered(
  pieces: readonly Uint8Array[],
  limits = imageLimits,
  end = true,
): { entries: ReadEntry[]; output: Buffer; filter: ImageFilter } {
  const filter = new ImageFilter(limits);
  const output: Uint8Array[] = [];
  // A copy: what the filter returns may be a window of its input.
  for (const piece of end ? [...pieces, tarEnd] : pieces)
    output.push(...filter.push(piece).map((bytes) => Buffer.from(bytes)));
  output.push(...filter.finish());
  const entries: ReadEntry[] = [];
  const reader = new TarReader({
    entry: (each) => {
      entries.push({ ...each, content: '' });
      return true;
    },
    data: (bytes) => {
      const last = entries.at(-1);
      if (last !== undefined) last.content += Buffer.from(bytes).toString('latin1');
    },
    endEntry: () => {},
  });
  for (const bytes of output) reader.push(bytes);
  reader.finish();
  return { entries, output: Buffer.concat(output), filter };
}

function entry(name: string, fields: Partial<TarEntry> & { content?: string }): Uint8Array {
  const content = Buffer.from(fields.content ?? '', 'latin1');
  const defaults = { type: tarTypes.file, linkName: '', mode: 0o644, uid: 0, gid: 0, mtime: 0, attributes: new Map() };
  return tarFile({ ...defaults, name, sizeBytes: content.length, ...fields }, content);
}

/** Makes the checksum of a changed header right again, so that what is behind the checksum is tested too. */
function resum(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.write(`${headerSum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
