import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../base/fault.ts';
import { startFault } from './start-fault.ts';

const words = new Fault('internal', 'runc: error closing exec fds: function not implemented');
const device = new Fault('internal', 'Device "eth0": RTNETLINK answers: No such process');

test('an init that does not come up is blamed on the key that can be why', () => {
  const short = { config: { 'security.syscalls.allow': 'read', 'raw.oci': '{}', 'user.x': 'y' } };
  const hint = 'it must name all system calls that the OCI runtime and init make, or be unset';
  const blamed = 'Init cannot be started, probably because of security.syscalls.allow';
  const fault = startFault(words, short, false);
  assert.ok(fault instanceof Fault);
  assert.deepEqual([fault.code, fault.message], ['invalid', `${blamed}: ${hint} (${words.message})`]);
  assert.equal(fault.cause, words);
  assert.equal(Fault.from(startFault(device, short, true)).message, `${blamed}: ${hint} (it ended at once)`);
  const limits = { config: { 'limits.kernel.stack': '1', 'limits.kernel.as': '1' } };
  assert.match(
    Fault.from(startFault(words, limits, false)).message,
    /because of limits.kernel.as, limits.kernel.stack: /,
  );
});

test('what has another reason stays what it is', () => {
  const config = { 'security.syscalls.allow': 'read' };
  const full = new Fault('exhausted', 'No memory');
  assert.equal(startFault(full, { config }, false), full);
  assert.equal(startFault(words, { config: {} }, false), words);
  assert.equal(Fault.from(startFault(device, { config: {} }, true)).message, 'Init ended before it was started');
});
