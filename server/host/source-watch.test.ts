import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { SourceWatch } from './source-watch.ts';

/** Calls, each of which can be waited for. */
class Calls {
  readonly #waiting: (() => void)[] = [];
  #made = 0;
  fails = false;

  readonly changed = async () => {
    this.#made += 1;
    this.#waiting.shift()?.();
    if (this.fails) throw new Error('it cannot be plugged in');
  };

  /** Resolves when there is a call that nobody has waited for. */
  async next(): Promise<void> {
    if (this.#made === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#made -= 1;
  }

  get left(): number {
    return this.#made;
  }
}

describe('a watch on sources', () => {
  let directory = '';
  let calls = new Calls();
  let watch = new SourceWatch({ log: silentLog, changed: calls.changed });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'yurt-sources-'));
    calls = new Calls();
    watch = new SourceWatch({ log: silentLog, changed: calls.changed });
  });
  afterEach(() => {
    watch[Symbol.dispose]();
    rmSync(directory, { recursive: true });
  });

  it('tells when one comes, below directories that do not exist either, and when it goes', async () => {
    const path = join(directory, 'some/where/deep');
    watch.set('a', [path]);
    await calls.next(); // what happened until now
    mkdirSync(path, { recursive: true });
    await calls.next();
    rmSync(join(directory, 'some'), { recursive: true });
    await calls.next();
    assert.equal(calls.left, 0);
  });

  it('tells nothing of what is beside it', async () => {
    watch.set('a', [join(directory, 'one')]);
    await calls.next();
    writeFileSync(join(directory, 'two'), '');
    writeFileSync(join(directory, 'one'), '');
    await calls.next();
    assert.equal(calls.left, 0);
  });

  it('goes on after a failure', async () => {
    watch.set('a', [join(directory, 'one')]);
    await calls.next();
    calls.fails = true;
    writeFileSync(join(directory, 'one'), '');
    await calls.next();
    calls.fails = false;
    rmSync(join(directory, 'one'));
    await calls.next();
  });

  it('ends with its paths', async () => {
    watch.set('a', [join(directory, 'one')]);
    await calls.next();
    watch.set('a', []);
    watch.set('b', [join(directory, 'two')]);
    await calls.next();
    writeFileSync(join(directory, 'one'), '');
    writeFileSync(join(directory, 'two'), '');
    await calls.next();
    assert.equal(calls.left, 0);
  });
});
