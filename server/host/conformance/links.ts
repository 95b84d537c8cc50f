import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Links } from '../links.ts';

const bridge = { do: 'add-bridge', name: 'conf-br0', hwaddr: '00:16:3e:00:00:01' } as const;

type Open = () => Promise<{ links: Links; pid: number }>;

/** What every `Links` does, the one in memory and the kernel's. `pid` has a network namespace of its own. */
export function linksConformance(open: Open): void {
  makesLinks(open);
  appliesBatches(open);
}

async function find(links: Links, name: string) {
  return (await links.list()).find((link) => link.name === name);
}

function makesLinks(open: Open): void {
  it('makes a bridge with its address, name and addresses, and removes it', async () => {
    const { links } = await open();
    await links.apply([
      bridge,
      { do: 'set-alias', name: 'conf-br0', alias: 'yurt:test:conf-br0' },
      { do: 'add-address', name: 'conf-br0', address: '10.77.1.1/24' },
      { do: 'add-address', name: 'conf-br0', address: 'fd42:77::1/64' },
      { do: 'set-up', name: 'conf-br0' },
    ]);
    const { index, ...made } = (await find(links, 'conf-br0')) ?? {};
    assert.ok(index);
    assert.deepEqual(made, {
      name: 'conf-br0',
      kind: 'bridge',
      hwaddr: '00:16:3e:00:00:01',
      alias: 'yurt:test:conf-br0',
      up: true,
      stp: false,
      addresses: ['10.77.1.1/24', 'fd42:77::1/64'],
    });
    const routes = await links.routes();
    assert.ok(routes.some((route) => route.startsWith('10.77.1.')));
    await links.apply([
      { do: 'remove-address', name: 'conf-br0', address: '10.77.1.1/24' },
      { do: 'set-hwaddr', name: 'conf-br0', hwaddr: '00:16:3e:00:00:02' },
    ]);
    const changed = await find(links, 'conf-br0');
    assert.deepEqual([changed?.addresses, changed?.hwaddr], [['fd42:77::1/64'], '00:16:3e:00:00:02']);
    await links.apply([{ do: 'delete', name: 'conf-br0' }]);
    assert.equal(await find(links, 'conf-br0'), undefined);
  });

  it('makes a pair whose inner end is in the namespace of a process', async () => {
    const { links, pid } = await open();
    const inner = { pid, name: 'eth0', hwaddr: '00:16:3e:00:00:03', mtu: 9000 };
    await links.apply([
      bridge,
      { do: 'add-veth', name: 'conf-nic0', master: 'conf-br0', inner },
      { do: 'set-mtu', name: 'conf-nic0', mtu: 9000 },
      { do: 'set-isolated', name: 'conf-nic0', isolated: true },
      { do: 'set-isolated', name: 'conf-nic0', isolated: false },
      { do: 'set-up', name: 'conf-nic0', noLinkLocal: true },
    ]);
    const made = await find(links, 'conf-nic0');
    assert.deepEqual([made?.kind, made?.master, made?.up], ['veth', 'conf-br0', true]);
    assert.equal(await links.hwaddrInProcess(pid, 'eth0'), '00:16:3e:00:00:03');
    assert.equal(await links.hwaddrInProcess(pid, 'eth1'), undefined);
    await links.apply([{ do: 'delete', name: 'conf-br0' }]);
    assert.equal((await find(links, 'conf-nic0'))?.master, undefined);
    await links.apply([{ do: 'delete', name: 'conf-nic0' }]);
    assert.equal(await links.hwaddrInProcess(pid, 'eth0'), undefined);
  });
}

function appliesBatches(open: Open): void {
  it('stops at the first change that fails and keeps those before it', async () => {
    const { links } = await open();
    await assert.rejects(
      links.apply([bridge, { do: 'delete', name: 'conf-absent' }, { do: 'delete', name: 'conf-br0' }]),
      { code: 'internal' },
    );
    assert.ok(await find(links, 'conf-br0'));
    await assert.rejects(links.apply([bridge]), { code: 'internal' });
    await links.apply([{ do: 'delete', name: 'conf-br0' }]);
  });

  it('does nothing of a batch in which a value could become a second command', async () => {
    const { links } = await open();
    const hostile = ['a b', 'a\nlink delete dev lo', '-all', 'a#b', '"a', '', 'x'.repeat(16)];
    for (const name of hostile) {
      await assert.rejects(links.apply([bridge, { do: 'delete', name }]), { code: 'invalid' }, JSON.stringify(name));
      await assert.rejects(links.apply([{ do: 'set-alias', name: 'lo', alias: `${name}\n` }]), { code: 'invalid' });
      await assert.rejects(links.apply([{ do: 'set-hwaddr', name: 'lo', hwaddr: name }]), { code: 'invalid' });
      await assert.rejects(links.apply([{ do: 'add-address', name: 'lo', address: name }]), { code: 'invalid' });
    }
    for (const pid of [0, -1, 1.5, Number.NaN]) {
      const inner = { pid, name: 'eth0', hwaddr: '00:16:3e:00:00:03' };
      const change = { do: 'add-veth', name: 'conf-nic0', master: 'conf-br0', inner } as const;
      await assert.rejects(links.apply([bridge, change]), { code: 'invalid' });
    }
    for (const mtu of [0, 67, 65_536, 1.5]) {
      await assert.rejects(links.apply([bridge, { do: 'set-mtu', name: 'conf-br0', mtu }]), { code: 'invalid' });
    }
    assert.equal(await find(links, 'conf-br0'), undefined);
  });
}
