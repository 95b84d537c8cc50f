import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Fault } from '../base/fault.ts';
import type { IdRange, IdRanges } from '../base/id-map.ts';
import { UserNamespaces } from './user-namespaces.ts';

const range = (outside: number): IdRange => ({ inside: 0, outside, size: 65_536 });

/** Opens something else instead, and remembers for whom. */
function fakeMaker() {
  const made: IdRange[] = [];
  const make = async ({ users }: IdRanges) => {
    made.push(...users);
    return openSync('/dev/null', 'r');
  };
  return { made, make };
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

describe('user namespaces', () => {
  it('are made once for each range, also when asked for at the same time', async () => {
    const { made, make } = fakeMaker();
    using namespaces = new UserNamespaces(8, make);
    const opened = await Promise.all([range(1000), range(1000), range(2000)].map((each) => namespaces.open(each)));
    assert.equal(opened[0]?.fd, opened[1]?.fd);
    assert.notEqual(opened[0]?.fd, opened[2]?.fd);
    assert.deepEqual(made, [range(1000), range(2000)]);
    for (const each of opened) each[Symbol.dispose]();
  });

  it('beyond the limit are closed, the longest unused first, and never one in use', async () => {
    const { made, make } = fakeMaker();
    using namespaces = new UserNamespaces(2, make);
    using used = await namespaces.open(range(1));
    const unused = await namespaces.open(range(2));
    unused[Symbol.dispose]();
    unused[Symbol.dispose]();
    (await namespaces.open(range(3)))[Symbol.dispose]();
    await new Promise(setImmediate);
    assert.deepEqual([used.fd, unused.fd].map(isOpen), [true, false]);
    (await namespaces.open(range(2)))[Symbol.dispose]();
    assert.deepEqual(
      made.map(({ outside }) => outside),
      [1, 2, 3, 2],
    );
  });

  it('that could not be made are tried again', async () => {
    let tries = 0;
    const make = async () => {
      tries += 1;
      if (tries === 1) throw new Fault('unsupported', 'no');
      return openSync('/dev/null', 'r');
    };
    using namespaces = new UserNamespaces(2, make);
    await assert.rejects(namespaces.open(range(1)));
    (await namespaces.open(range(1)))[Symbol.dispose]();
    assert.equal(tries, 2);
  });

  it('are closed with their owner', async () => {
    const { make } = fakeMaker();
    const namespaces = new UserNamespaces(2, make);
    const { fd } = await namespaces.open(range(1));
    namespaces[Symbol.dispose]();
    await new Promise(setImmediate);
    assert.equal(isOpen(fd), false);
    assert.throws(() => closeSync(fd));
  });

  it('are refused for what is no range of ids', async () => {
    using namespaces = new UserNamespaces(2, fakeMaker().make);
    const bad: IdRange[] = [
      { inside: -1, outside: 0, size: 1 },
      { inside: 0, outside: 1.5, size: 1 },
      { inside: 0, outside: 0, size: 0 },
      { inside: 0, outside: 0xffff_ffff, size: 1 },
      { inside: 0xffff_fff0, outside: 0, size: 100 },
      { inside: 0, outside: Number.NaN, size: 1 },
    ];
    for (const each of bad) await assert.rejects(namespaces.open(each), { code: 'invalid' });
  });
});
