import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Entry, encodeEntry } from '../proto/trees/entry.ts';
import { encodeRecord, RecordParser } from '../proto/trees/record.ts';
import { TreeFault } from '../proto/trees/tree-fault.ts';
import type { WritePolicy } from '../proto/trees/write-policy.ts';
import { readTree } from './tree-reader.ts';
import { TreeWriter } from './tree-writer.ts';

const policy: WritePolicy = {
  into: 'directory',
  parents: false,
  owners: false,
  existing: 'set',
  specialBits: true,
  times: true,
  attributes: 'user',
  followLinks: false,
};
const follow = 'never';

describe('a tree', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'yurt-tree-'));
    mkdirSync(join(root, 'from'));
    mkdirSync(join(root, 'to'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const path = (...parts: string[]) => join(root, ...parts);
  const warnings: string[] = [];

  /** Writes records, cut into pieces of `pieceBytes`. */
  async function write(
    records: Iterable<Buffer>,
    options: { target?: string; pieceBytes?: number; names?: string[]; policy?: Partial<WritePolicy> } = {},
  ): Promise<void> {
    const { target = path('to'), pieceBytes = 1_000_000, names } = options;
    const parser = new RecordParser();
    const writer = new TreeWriter(
      Buffer.from(target),
      { ...policy, ...options.policy },
      (text) => warnings.push(text),
      { names: names?.map((name) => Buffer.from(name)) },
    );
    try {
      for (const chunk of records) {
        for (let at = 0; at < chunk.length; at += pieceBytes) {
          for (const record of parser.push(chunk.subarray(at, at + pieceBytes))) await writer.accept(record);
        }
      }
      writer.finish();
    } finally {
      writer.abort();
    }
  }

  const read = (...names: string[]) =>
    readTree(
      names.map((name) => Buffer.from(path(name))),
      { follow, recursive: true },
    );

  const entry = (fields: Partial<Entry>): Buffer =>
    encodeRecord(
      'entry',
      encodeEntry({
        ...{ depth: 0, name: Buffer.from('x'), kind: 'file', mode: 0o644, uid: 0, gid: 0, size: 0, seconds: 0 },
        nanoseconds: 0,
        ...fields,
      }),
    );
  const empty = encodeRecord('end', Buffer.alloc(8));
  const directory = (name: string, depth = 0) =>
    entry({ name: Buffer.from(name), kind: 'directory', mode: 0o755, depth });
  const symlink = (name: string, target: string, depth = 0) =>
    entry({ name: Buffer.from(name), kind: 'symlink', target: Buffer.from(target), depth });

  for (const source of ['/proc/self/auxv', '/sys/devices/system/cpu/online']) {
    it(`has the content of ${source}, whose length is not what it says`, async () => {
      await write(readTree([Buffer.from(source)], { follow, recursive: false }));

      const name = source.slice(source.lastIndexOf('/') + 1);
      assert.deepEqual(readFileSync(path('to', name)), readFileSync(source));
    });
  }

  it('takes a file with several names that comes twice, also by a link of the target to another directory', async () => {
    mkdirSync(path('from/a'));
    mkdirSync(path('from/b'));
    writeFileSync(path('from/a/file'), 'content');
    linkSync(path('from/a/file'), path('from/b/file'));
    mkdirSync(path('to/b'));
    symlinkSync('b', path('to/a'));

    await write(read('from/a', 'from/b', 'from/a'), { policy: { followLinks: true } });

    assert.equal(readFileSync(path('to/b/file'), 'utf8'), 'content');
    assert.deepEqual(readdirSync(path('to/b')), ['file']);
  });

  it('keeps what was there when a link cannot take its place', async () => {
    mkdirSync(path('to/a'));
    await assert.rejects(write([symlink('a', 'b')]), { code: 'EISDIR' });

    assert.deepEqual(readdirSync(path('to')), ['a']);
  });

  it('takes a file that becomes shorter while it is read as what was read of it', async () => {
    writeFileSync(path('from/log'), Buffer.alloc(200_000, 'x'));
    function* shrinking() {
      for (const chunk of read('from/log')) {
        truncateSync(path('from/log'), 0);
        yield chunk;
      }
    }

    await write(shrinking());

    const written = readFileSync(path('to/log'), 'latin1');
    assert.match(written, /^x+$/);
    assert.ok(written.length < 200_000);
  });

  for (const pieceBytes of [1, 7, 1_000_000]) {
    it(`arrives as it was, in pieces of ${pieceBytes} bytes`, async () => {
      mkdirSync(path('from/deep/er'), { recursive: true });
      writeFileSync(path('from/deep/er/file'), 'content');
      chmodSync(path('from/deep/er/file'), 0o4751);
      utimesSync(path('from/deep/er/file'), 1, 1_000_000_000.25);
      symlinkSync('../nowhere', path('from/deep/link'));
      linkSync(path('from/deep/er/file'), path('from/deep/second'));
      const odd = Buffer.concat([Buffer.from(`${path('from')}/new\nline`), Buffer.from([0xff, 0xfe])]);
      writeFileSync(odd, 'odd');
      writeFileSync(path('from/empty'), '');
      chmodSync(path('from/deep/er'), 0o500);
      utimesSync(path('from/deep'), 5, 5);

      await write(read('from'), { pieceBytes });

      const file = lstatSync(path('to/from/deep/er/file'));
      assert.equal(readFileSync(path('to/from/deep/er/file'), 'utf8'), 'content');
      assert.equal(file.mode & 0o7777, 0o4751);
      assert.equal(file.mtimeMs, 1_000_000_000_250);
      assert.equal(readlinkSync(path('to/from/deep/link')), '../nowhere');
      assert.equal(lstatSync(path('to/from/deep/second')).ino, file.ino);
      assert.equal(lstatSync(path('to/from/deep/er')).mode & 0o7777, 0o500);
      assert.equal(lstatSync(path('to/from/deep')).mtimeMs, 5_000);
      assert.deepEqual(
        readdirSync(path('to/from'), { encoding: 'buffer' }).sort(Buffer.compare),
        readdirSync(path('from'), { encoding: 'buffer' }).sort(Buffer.compare),
      );
      chmodSync(path('from/deep/er'), 0o700);
      chmodSync(path('to/from/deep/er'), 0o700);
    });
  }

  it('can be what lies in a directory', async () => {
    mkdirSync(path('from/sub'));
    writeFileSync(path('from/sub/file'), 'content');
    await write(readTree([Buffer.from(`${path('from')}/.`)], { follow, recursive: true }));
    assert.equal(readFileSync(path('to/sub/file'), 'utf8'), 'content');
  });

  it('keeps holes', async () => {
    writeFileSync(path('from/sparse'), 'head');
    truncateSync(path('from/sparse'), 200 * 1024 * 1024);
    await write(read('from/sparse'));
    const { size, blocks } = lstatSync(path('to/sparse'));
    assert.equal(size, 200 * 1024 * 1024);
    assert.ok(blocks * 512 < 1024 * 1024);
    assert.equal(readFileSync(path('to/sparse')).subarray(0, 4).toString(), 'head');
  });

  it('replaces what it was written over before', async () => {
    writeFileSync(path('from/file'), 'one');
    symlinkSync('a', path('from/link'));
    await write(read('from'));
    writeFileSync(path('from/file'), 'two');
    await write(read('from'));
    assert.equal(readFileSync(path('to/from/file'), 'utf8'), 'two');
    assert.equal(readlinkSync(path('to/from/link')), 'a');
  });

  it('leaves nothing of a file that does not come to its end', async () => {
    const data = encodeRecord('data', Buffer.concat([Buffer.alloc(8), Buffer.from('half')]));
    await assert.rejects(write([entry({}), data]), /middle of a file/);
    assert.deepEqual(readdirSync(path('to')), []);
  });

  it('becomes the target itself where that is no directory', async () => {
    writeFileSync(path('from/file'), 'content');
    await write(read('from/file'), { target: path('to/renamed'), policy: { into: 'auto' } });
    assert.equal(readFileSync(path('to/renamed'), 'utf8'), 'content');
    await assert.rejects(write(read('from/file', 'from'), { target: path('to/renamed'), policy: { into: 'auto' } }), {
      code: 'ENOTDIR',
    });
  });

  it('is refused over what exists where that was asked for', async () => {
    writeFileSync(path('to/x'), 'mine');
    await assert.rejects(write([entry({}), empty], { policy: { existing: 'refuse' } }), { code: 'EEXIST' });
    assert.equal(readFileSync(path('to/x'), 'utf8'), 'mine');
  });

  describe('of a hostile sender', () => {
    const outside = () => path('outside');
    beforeEach(() => {
      mkdirSync(outside());
      writeFileSync(path('outside/victim'), 'safe');
    });
    afterEach(() => {
      assert.equal(readFileSync(path('outside/victim'), 'utf8'), 'safe');
      assert.deepEqual(readdirSync(outside()), ['victim']);
    });

    for (const name of ['..', '.', '', '../victim', '/etc/x', 'a/b', 'nul\0', 'n'.repeat(256)]) {
      it(`has no name such as ${JSON.stringify(name.slice(0, 12))}`, async () => {
        await assert.rejects(write([entry({ name: Buffer.from(name, 'latin1') }), empty]), TreeFault);
        assert.deepEqual(readdirSync(path('to')), []);
      });
    }

    it('cannot write through a link that it made', async () => {
      for (const target of [outside(), '../outside']) {
        await write([
          symlink('way', target),
          directory('way'),
          entry({ name: Buffer.from('victim'), depth: 1 }),
          empty,
        ]);
        assert.ok(lstatSync(path('to/way')).isDirectory(), 'the link was replaced');
        rmSync(path('to/way'), { recursive: true });
      }
      await assert.rejects(write([symlink('way', outside()), entry({ depth: 1 }), empty]), /no directory/);
    });

    it('cannot write through a link in the place of a file', async () => {
      await write([symlink('x', path('outside/victim')), entry({}), empty]);
      assert.ok(lstatSync(path('to/x')).isFile());
    });

    it('cannot link to what it did not send', async () => {
      await assert.rejects(write([entry({ kind: 'hardlink', inode: 1 })]), /did not send/);
      await assert.rejects(
        write([
          ...[directory('d'), entry({ depth: 1, name: Buffer.from('victim'), inode: 1 }), empty],
          ...[symlink('d', outside()), entry({ name: Buffer.from('y'), kind: 'hardlink', inode: 1 })],
        ]),
        { code: 'EISDIR' },
      );
    });

    it('sends what was asked for and nothing else', async () => {
      await assert.rejects(write([entry({ name: Buffer.from('.bashrc') }), empty], { names: ['etc'] }), /asked for/);
      assert.ok(!existsSync(path('to/.bashrc')));
    });

    it('cannot make a directory out of a file, nor skip one', async () => {
      await assert.rejects(write([entry({}), empty, entry({ depth: 1 }), empty]), /no directory/);
      await assert.rejects(write([directory('a'), entry({ depth: 2 }), empty]), /no directory/);
    });

    it('has bounded records', async () => {
      const huge = Buffer.alloc(5);
      huge.writeUInt32BE(0xffff_ffff, 1);
      await assert.rejects(write([huge]), /record of/);
      await assert.rejects(write([encodeRecord('entry', Buffer.from('nonsense'))]), TreeFault);
      await assert.rejects(write([encodeRecord('data', Buffer.alloc(9))]), /without a file/);
    });

    it('cannot go back in a file', async () => {
      const at = (offset: number) => {
        const payload = Buffer.alloc(9);
        payload.writeBigUInt64BE(BigInt(offset));
        return encodeRecord('data', payload);
      };
      await assert.rejects(write([entry({}), at(5), at(2), empty]), /out of order/);
    });
  });
});
