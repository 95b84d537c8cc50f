import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeFilesRequest, type FilesRequest, parseFilesRequest } from './files-request.ts';
import { ProtocolError } from './frame.ts';
import { encodeMessage, parseStatus } from './messages.ts';

const odd = Buffer.concat([Buffer.from('/new\nline'), Buffer.from([0xff])]);
const policy = {
  ...({ into: 'auto', existing: 'keep', attributes: 'all' } as const),
  ...{ parents: true, owners: true, specialBits: true, times: false, followLinks: true, uid: 7, mode: 0o4755 },
};
const requests: FilesRequest[] = [
  { work: 'push', target: odd, policy },
  { work: 'pull', paths: [odd, Buffer.from('/')], follow: 'always', recursive: true },
  { work: 'list', path: Buffer.from('/etc') },
  { work: 'delete', paths: [odd], recursive: false, force: true },
];
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('work on files', () => {
  for (const request of requests) {
    it(`of the kind "${request.work}" arrives as it was asked for`, () => {
      assert.deepEqual(parseFilesRequest(encodeFilesRequest(request).subarray(1)), request);
    });
  }

  it('that cannot be is refused', () => {
    const wrong = [
      {},
      { work: 'format' },
      { work: 'list', path: 'relative' },
      { work: 'list', path: '/nul\0' },
      { work: 'list', path: `/${'x'.repeat(4096)}` },
      { work: 'pull', paths: [], follow: 'never' },
      { work: 'pull', paths: ['/x'], follow: 'sometimes' },
      { work: 'push', target: '/x', policy: { ...policy, mode: 0o10000 } },
      { work: 'push', target: '/x' },
    ];
    for (const request of wrong) assert.throws(() => parseFilesRequest(json(request)), ProtocolError);
    assert.throws(() => parseFilesRequest(Buffer.from('nonsense')), ProtocolError);
  });

  it('fails with a fault that is bounded and of a known form', () => {
    const fault = { code: 'ENOENT', message: '/x: no such file' };
    assert.deepEqual(parseStatus(encodeMessage('status', { code: 1, fault }).subarray(1)), { code: 1, fault });
    const long = parseStatus(json({ code: 1, fault: { code: 'EIO', message: 'x'.repeat(3000) } }));
    assert.equal(long.fault?.message.length, 1000);
    for (const bad of [{ code: 'nonsense', message: '' }, { code: 'EIO' }, 'EIO']) {
      assert.throws(() => parseStatus(json({ code: 1, fault: bad })), ProtocolError);
    }
  });
});
