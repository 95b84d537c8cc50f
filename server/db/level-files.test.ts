import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32c } from '../base/crc32c.ts';
import { LevelStore } from './level-store.ts';

/** A state of some commits: `count` of them in the log, and `tables` of them in a table before. */
class State implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'yurt-level-files-'));

  static async written(count: number, tables = 0): Promise<State> {
    const state = new State();
    for (const [prefix, commits] of Object.entries({ table: tables, log: count })) {
      await using store = await state.open();
      for (let index = 0; index < commits; index += 1) {
        await store.commit({ put: [{ key: `${prefix}/${index}`, value: 'x'.repeat(1000) }] });
      }
    }
    return state;
  }

  async open() {
    const store = await LevelStore.open(this.directory);
    return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
  }

  /** What there is of `log/`, by how many. */
  async count(): Promise<number> {
    await using store = await this.open();
    return (await store.keys('log/')).length;
  }

  file(ending: string): string {
    const name = readdirSync(this.directory).find((each) => each.endsWith(ending));
    return join(this.directory, name ?? assert.fail(`no ${ending}`));
  }

  change(ending: string, at: number): void {
    const bytes = readFileSync(this.file(ending));
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(this.file(ending), bytes);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

const damaged = (directory: string, what: RegExp) => (error: Error) => {
  assert.ok(
    error.message.includes(`the state in ${directory}`) || error.message.startsWith(`The state in ${directory}`),
  );
  assert.match(error.message, what);
  return true;
};

describe('the files of the state', () => {
  it('are sound when they were written, over many blocks', async () => {
    using state = await State.written(150, 3);
    assert.equal(await state.count(), 150);
  });

  it('are not taken for new ones when CURRENT is missing', async () => {
    using state = await State.written(2, 2);
    rmSync(join(state.directory, 'CURRENT'));
    const before = readdirSync(state.directory);
    await assert.rejects(state.open(), damaged(state.directory, /CURRENT is missing/));
    assert.deepEqual(readdirSync(state.directory), before);
  });

  for (const [what, at] of [
    ['the first record', 20],
    ['one in the middle', 70_000],
  ] as const) {
    it(`are refused when ${what} of the log is damaged, and stay as they are`, async () => {
      using state = await State.written(150);
      state.change('.log', at);
      const before = readFileSync(state.file('.log'));
      await assert.rejects(state.open(), damaged(state.directory, /\d+\.log has a damaged record at byte \d+/));
      assert.ok(readFileSync(state.file('.log')).equals(before));
    });
  }

  it('are refused when the log is something else', async () => {
    using state = await State.written(2);
    writeFileSync(state.file('.log'), 'no log at all, but words of somebody');
    await assert.rejects(state.open(), damaged(state.directory, /damaged record at byte 0/));
  });

  it('do without what was being written when the machine stopped', async () => {
    using cut = await State.written(10);
    truncateSync(cut.file('.log'), readFileSync(cut.file('.log')).length - 300);
    assert.equal(await cut.count(), 9);
    using half = await State.written(10);
    const log = readFileSync(half.file('.log'));
    half.change('.log', log.length - 1);
    appendFileSync(half.file('.log'), Buffer.alloc(5000));
    assert.equal(await half.count(), 9);
  });

  it('say what was read, and where, when a table cannot be', async () => {
    using state = await State.written(1, 3);
    writeFileSync(state.file('.ldb'), Buffer.alloc(readFileSync(state.file('.ldb')).length, 'x'));
    const open = async () => {
      await using store = await state.open();
      await store.list('table/');
    };
    await assert.rejects(open(), damaged(state.directory, /Cannot (open|read) .*sstable/));
  });
});

describe('the checksum of Castagnoli', () => {
  it('is that of RFC 3720, B.4', () => {
    assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
    assert.equal(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index))), 0x46dd794e);
  });
});
