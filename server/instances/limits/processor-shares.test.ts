import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../base/fault.ts';
import { silentLog } from '../../base/log.ts';
import { type ProcessorClaim, parseProcessors } from './limit-values.ts';
import { ProcessorShares } from './processor-shares.ts';
import { checkProcessors, formatProcessors, shareProcessors } from './share-processors.ts';

function claims(wanted: Record<string, string>): Map<string, ProcessorClaim> {
  return new Map(Object.entries(wanted).map(([id, value]) => [id, parseProcessors(value) ?? assert.fail(value)]));
}

describe('sharing processors', () => {
  it('gives everybody the least used ones', () => {
    const given = shareProcessors([0, 1, 2, 3], claims({ a: '1', b: '1', c: '2' }));
    assert.deepEqual(given.get('c'), [0, 1]);
    assert.deepEqual([...(given.get('a') ?? []), ...(given.get('b') ?? [])], [2, 3]);
  });

  it('keeps away from pinned ones while there are others', () => {
    const given = shareProcessors([0, 1, 2, 3], claims({ pinned: '0-2', free: '1', big: '3' }));
    assert.deepEqual(given.get('pinned'), [0, 1, 2]);
    assert.ok(given.get('big')?.includes(3));
    assert.equal(given.get('big')?.length, 3);
  });

  it('gives all there are to who wants more, and pinned ones only what there is', () => {
    assert.deepEqual(shareProcessors([0, 1], claims({ a: '64' })).get('a'), [0, 1]);
    assert.deepEqual(shareProcessors([0, 1], claims({ a: '1-9' })).get('a'), [1]);
    assert.throws(() => checkProcessors([0, 1], { kind: 'set', processors: [1, 2, 3] }), {
      code: 'unsupported',
      message: 'limits.cpu names processor 2-3, and instances of this host can have 0-1',
    });
  });

  it('leaves an instance where it is as long as that is as good', () => {
    const before = new Map([['a', [3]]]);
    assert.deepEqual(shareProcessors([0, 1, 2, 3], claims({ a: '1' }), before).get('a'), [3]);
    const crowded = shareProcessors([0, 1], claims({ pin: '1-1', a: '1' }), new Map([['a', [1]]]));
    assert.deepEqual(crowded.get('a'), [0]);
  });

  it('writes lists as the kernel does', () => {
    assert.equal(formatProcessors([0, 1, 2, 5, 7, 8]), '0-2,5,7-8');
    assert.equal(formatProcessors([]), '');
  });
});

describe('the shares of running instances', () => {
  function shares(processors: { available: string; isolated: string }) {
    const written: string[] = [];
    const broken = new Set<string>();
    const subject = new ProcessorShares({
      log: silentLog,
      cgroupOf: (uuid) => uuid,
      files: {
        processors: async () => processors,
        setProcessors: async (cgroup, list) => {
          if (broken.has(cgroup)) throw new Fault('internal', 'broken');
          written.push(`${cgroup}=${list ?? 'all'}`);
        },
      },
    });
    return { subject, written, broken };
  }

  it('follow starts, changes and ends, and only what changed is written', async () => {
    const { subject, written } = shares({ available: '0-3', isolated: '3' });
    await subject.claim('a', parseProcessors('1'));
    await subject.claim('b', parseProcessors('0-0'));
    await subject.claim('c', parseProcessors('1'));
    assert.deepEqual(written.splice(0), ['a=0', 'b=0', 'a=1', 'c=2']);
    await subject.release('a');
    assert.deepEqual(written.splice(0), []);
    await subject.claim('b', undefined);
    assert.deepEqual(written.splice(0), ['b=all']);
    await subject.claim('b', undefined);
    await subject.release('nobody');
    assert.deepEqual(written, []);
  });

  it("report the instance's own failure and not that of another", async () => {
    const { subject, written, broken } = shares({ available: '0-1', isolated: '' });
    await subject.claim('a', parseProcessors('1'));
    broken.add('a');
    await subject.claim('b', parseProcessors('0-0'));
    assert.deepEqual(written, ['a=0', 'b=0']);
    await assert.rejects(subject.claim('a', parseProcessors('2')), { code: 'internal' });
    await assert.rejects(subject.check({ kind: 'set', processors: [2] }), { code: 'unsupported' });
  });

  it('are given one after another, whatever comes at once', async () => {
    const { subject, written } = shares({ available: '0-1', isolated: '' });
    await Promise.all(['a', 'b', 'c', 'd'].map((uuid) => subject.claim(uuid, parseProcessors('1'))));
    assert.deepEqual(written.map((line) => line.split('=')[1]).sort(), ['0', '0', '1', '1']);
  });
});
