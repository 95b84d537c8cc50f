import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandEnvironment } from './environment.ts';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const nowhere = () => false;

describe('the environment of a command', () => {
  it('has defaults, more of them for root', () => {
    const defaults = { container: 'lxc', PATH: path, LANG: 'C.UTF-8' };
    assert.deepEqual(commandEnvironment({}, 1000, nowhere), defaults);
    assert.deepEqual(commandEnvironment({}, 0, nowhere), { ...defaults, HOME: '/root', USER: 'root' });
  });

  it('keeps what was asked for', () => {
    const asked = { PATH: '/x', HOME: '', USER: 'ann', LANG: 'de', container: 'yurt', TERM: 'vt100' };
    assert.deepEqual(
      commandEnvironment(asked, 0, () => true),
      asked,
    );
  });

  it('finds the programs of snaps and of NixOS', () => {
    const pathWith = (file: string) => commandEnvironment({}, 0, (asked) => asked === file)['PATH'];
    assert.equal(pathWith('/snap'), `${path}:/snap/bin`);
    assert.equal(pathWith('/etc/NIXOS'), `${path}:/run/current-system/sw/bin`);
  });
});
