import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bundle } from './bundle.ts';
import { parseAnswer, parseExit } from './conmon.ts';
import { runtimeFault } from './runtime-fault.ts';
import { signalNumber } from './signals.ts';

test('exit files tell a reboot from a halt and from an init that ended', () => {
  assert.deepEqual(parseExit('129'), { kind: 'rebooted' });
  assert.deepEqual(parseExit('130\n'), { kind: 'powered-off' });
  assert.deepEqual(parseExit('0'), { kind: 'exited', status: 0 });
  assert.deepEqual(parseExit('137'), { kind: 'exited', status: 137 });
  for (const text of ['', '-1', '256', 'x']) assert.deepEqual(parseExit(text), { kind: 'lost' });
});

test('an answer of conmon is a pid or the words of the runtime', () => {
  assert.equal(parseAnswer('runc', '{"data": 4711}\n'), 4711);
  assert.throws(() => parseAnswer('runc', ''), { code: 'internal', message: 'conmon ended without an answer' });
  assert.throws(() => parseAnswer('runc', 'null'), { code: 'internal' });
  assert.throws(() => parseAnswer('runc', '{"data": "1"}'), { code: 'internal' });
  const words = `time="2026-01-01T00:00:00Z" level=error msg="runc create failed: no space left on device"`;
  assert.throws(() => parseAnswer('runc', JSON.stringify({ data: -1, message: words })), {
    code: 'exhausted',
    message: 'runc: runc create failed: no space left on device',
  });
});

test('the words of a runtime reach the user bounded and without control characters', () => {
  const fault = runtimeFault('crun', '\u001b[2J\u009b31mexec \u0007failed\n');
  assert.equal(fault.message, 'crun:  [2J 31mexec  failed');
  assert.ok(runtimeFault('crun', 'x'.repeat(100_000)).message.length < 1100);
  assert.equal(runtimeFault('crun', '').message, 'crun failed without a message');
  assert.equal(
    runtimeFault('runc', '{"level":"error","msg":"exec \\"x\\" failed","time":"t"}').message,
    'runc: exec "x" failed',
  );
  assert.equal(runtimeFault('runc', 'exec failed: exec: "/x": stat /x: no such file or directory').code, 'invalid');
});

test('only uuids become container directories', () => {
  assert.equal(
    new Bundle('/run/yurt/containers', '0f0e7b5c-6a3d-4a51-9a3c-2f6d1c0b9e8a').exit,
    '/run/yurt/containers/0f0e7b5c-6a3d-4a51-9a3c-2f6d1c0b9e8a/exit',
  );
  for (const id of [
    '',
    '..',
    'web1',
    '0F0E7B5C-6A3D-4A51-9A3C-2F6D1C0B9E8A',
    '0f0e7b5c-6a3d-4a51-9a3c-2f6d1c0b9e8a/..',
  ]) {
    assert.throws(() => new Bundle('/run/yurt/containers', id), { code: 'invalid' });
  }
});

test('signals have names and numbers', () => {
  assert.equal(signalNumber('SIGTERM'), 15);
  assert.equal(signalNumber('KILL'), 9);
  assert.equal(signalNumber('SIGRTMIN+3'), 37);
  assert.equal(signalNumber('SIGRTMAX-1'), 63);
  assert.equal(signalNumber('10'), 10);
  for (const bad of ['', '0', '65', '-1', 'SIGNOPE', 'SIGRTMIN+31', 'SIGRTMAX-31', '9x', '1e1']) {
    assert.throws(() => signalNumber(bad), { code: 'invalid' }, bad);
  }
});
