import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkDevices } from './check-devices.ts';
import type { Device } from './device.ts';
import { rootPool } from './root-disk.ts';

const disk = { type: 'disk', source: '/srv', path: '/srv' };

describe('a device that is wrong is refused with device, option, value and what is allowed', () => {
  const wrong: [Device, string][] = [
    [{ type: 'disc' }, 'type "disc" is not one of none, disk, nic, unix-char, unix-block, proxy'],
    [{ ...disk, readonyl: 'true' }, 'disk has no option "readonyl"; did you mean "readonly"?'],
    [{ ...disk, readonly: 'maybe' }, 'invalid value "maybe" for readonly: must be true or false'],
    [{ ...disk, toString: 'x' }, 'disk has no option "toString"'],
    [{ type: 'disk', path: '/x' }, 'option "source" is missing: what is mounted there'],
    [{ type: 'disk', source: '/x' }, 'option "path" is missing'],
    [{ type: 'disk', path: '/' }, 'option "pool" is missing: a root disk is in a storage pool'],
    [{ type: 'disk', path: '/', pool: 'default', shift: 'true' }, 'shift is not for the root disk (path=/)'],
    [{ ...disk, pool: 'default' }, 'pool is for the root disk (path=/) only'],
    [{ ...disk, size: '1GiB' }, 'size is for the root disk (path=/) only'],
    [{ ...disk, source: 'tmpfs:', shift: 'true' }, 'shift means nothing for tmpfs:'],
    [
      { ...disk, source: 'tmpfs:', size: '0' },
      'invalid value "0" for size: must be a size like 512MiB, 2GB or 1048576',
    ],
    [
      { ...disk, propagation: 'both' },
      'invalid value "both" for propagation: must be one of private, slave, shared, unbindable, rprivate, rslave, rshared, runbindable',
    ],
  ];
  for (const [device, message] of wrong) {
    it(message, () => assert.throws(() => checkDevices({ d: device }), { message: `Device "d": ${message}` }));
  }

  for (const path of [
    'srv',
    '/srv/../etc',
    '/a//b',
    '/srv/',
    '/dev',
    '/proc/x',
    '/sys',
    '/dev/.yurt',
    '/a\nb',
    `/${'x'.repeat(5000)}`,
  ]) {
    it(`path ${JSON.stringify(path.slice(0, 20))}`, () => {
      assert.throws(() => checkDevices({ d: { ...disk, path } }), { code: 'invalid', message: /for path: must be/ });
    });
  }
});

describe('the root disk', () => {
  it('is one, in a pool, and of no size where roots share a file system', () => {
    const root = { type: 'disk', path: '/', pool: 'default' };
    assert.equal(rootPool({ root }), 'default');
    assert.throws(() => rootPool({ disk }), { code: 'invalid' });
    assert.throws(() => rootPool({ a: root, b: root }), /"a" and "b" both have path=\//);
    assert.throws(() => rootPool({ root: { ...root, size: '10GiB' } }), {
      code: 'unsupported',
      message: /"root": size/,
    });
  });
});
