import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { idsOf, mappedHostIds } from './id-restriction.ts';
import { allows, type Restricted, violation } from './restrictions.ts';

const root = { type: 'disk', path: '/', pool: 'default' };

function having(config: Record<string, string>, devices: Restricted['devices'] = {}): Restricted {
  return { config, devices: { root, ...devices } };
}

describe('a restricted project', () => {
  const device = (options: Record<string, string>) => having({}, { x: options });
  for (const [what, instance, setting, broken] of [
    ['nesting', having({ 'security.nesting': 'true' }), {}, 'restricted.containers.nesting'],
    ['nesting that is off', having({ 'security.nesting': 'false' }), {}, undefined],
    ['nesting where it is allowed', having({ 'security.nesting': '1' }), { 'containers.nesting': 'allow' }, undefined],
    ['privilege', having({ 'security.privileged': 'yes' }), {}, 'restricted.containers.privilege'],
    ['shared ids', having({ 'security.idmap.isolated': 'false' }), {}, undefined],
    [
      'shared ids where they are forbidden',
      having({ 'security.idmap.isolated': 'false' }),
      { 'containers.privilege': 'isolated' },
      'restricted.containers.privilege',
    ],
    ['raw keys', having({ 'raw.lxc': 'x' }), {}, 'restricted.containers.lowlevel'],
    ['rules for system calls', having({ 'security.syscalls.deny': 'x' }), {}, 'restricted.containers.lowlevel'],
    ['kernel settings', having({ 'linux.sysctl.net.core.somaxconn': '1' }), {}, 'restricted.containers.lowlevel'],
    [
      'an interception',
      having({ 'security.syscalls.intercept.mknod': 'true' }),
      {},
      'restricted.containers.interception',
    ],
    [
      'a harmless interception where it is allowed',
      having({ 'security.syscalls.intercept.mknod': 'true' }),
      { 'containers.interception': 'allow' },
      undefined,
    ],
    [
      'an interception with power over the host',
      having({ 'security.syscalls.intercept.mount': 'true' }),
      { 'containers.interception': 'allow' },
      'restricted.containers.interception',
    ],
    ['a volume', device({ type: 'disk', path: '/data', pool: 'p', source: 'v' }), {}, undefined],
    ['a path of the host', device({ type: 'disk', path: '/data', source: '/etc' }), {}, 'restricted.devices.disk'],
    [
      'any disk',
      device({ type: 'disk', path: '/d', pool: 'p' }),
      { 'devices.disk': 'block' },
      'restricted.devices.disk',
    ],
    ['a network', device({ type: 'nic', network: 'n' }), {}, undefined],
    ['a link of the host', device({ type: 'nic', nictype: 'physical', parent: 'e' }), {}, 'restricted.devices.nic'],
    [
      'a network that is not listed',
      device({ type: 'nic', network: 'n' }),
      { 'networks.access': 'a,b' },
      'restricted.networks.access',
    ],
    ['a gpu', device({ type: 'gpu' }), {}, 'restricted.devices.gpu'],
    ['a proxy', device({ type: 'proxy' }), {}, 'restricted.devices.proxy'],
    ['a proxy where it is allowed', device({ type: 'proxy' }), { 'devices.proxy': 'allow' }, undefined],
    ['a device of the host', device({ type: 'unix-char', path: '/dev/kvm' }), {}, 'restricted.devices.unix-char'],
    ['nothing special', having({ 'limits.memory': '1GiB', 'user.x': 'y' }), {}, undefined],
  ] as const) {
    it(`${broken === undefined ? 'allows' : 'forbids'} ${what}`, () => {
      const set = Object.entries(setting).map(([key, value]) => [`restricted.${key}`, value]);
      const config = { restricted: 'true', ...Object.fromEntries(set) };
      assert.equal(violation(config, instance)?.key, broken);
      assert.equal(violation({ ...config, restricted: 'false' }, instance), undefined);
    });
  }

  for (const [source, good] of [
    ['/srv/data', true],
    ['/srv', true],
    ['/srv/../etc', false],
    ['/srv2', false],
    ['srv', false],
    ['/home/me/./x', false],
    ['/home/me', true],
    ['', false],
  ] as const) {
    it(`${good ? 'allows' : 'forbids'} ${source || 'no source'} below its paths`, () => {
      const config = {
        restricted: 'true',
        'restricted.devices.disk': 'allow',
        'restricted.devices.disk.paths': '/srv,/home/me',
      };
      const instance = device({ type: 'disk', path: '/data', source });
      assert.equal(violation(config, instance) === undefined, good);
    });
  }

  it('maps no ids but those it lists', () => {
    const config = (ids: string) => ({ restricted: 'true', 'restricted.idmap.uid': ids, 'restricted.idmap.gid': ids });
    const mapping = having({ 'raw.idmap': 'uid 1000 0\nboth 2000-2009 10-19' });
    assert.equal(violation({ restricted: 'true' }, mapping)?.key, 'restricted.containers.lowlevel');
    assert.equal(violation(config('1000,2000-2999'), mapping), undefined);
    assert.equal(violation(config('2000-2999'), mapping)?.key, 'restricted.idmap.uid');
    assert.equal(violation(config('1000'), having({ 'raw.idmap': 'nonsense' }))?.key, 'restricted.idmap.uid');
    assert.deepEqual(idsOf('1,3-5'), [
      { first: 1, last: 1 },
      { first: 3, last: 5 },
    ]);
    assert.equal(idsOf('5-3'), undefined);
    assert.deepEqual(mappedHostIds('gid 5 6', 'uid'), []);
  });

  it('makes no snapshots or backups unless it says so', () => {
    assert.equal(allows({ restricted: 'true' }, 'snapshots'), false);
    assert.equal(allows({ restricted: 'true', 'restricted.snapshots': 'allow' }, 'snapshots'), true);
    assert.equal(allows({}, 'backups'), true);
  });
});
