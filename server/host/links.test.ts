import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../base/fault.ts';
import { firewallConformance } from './conformance/firewall.ts';
import { linksConformance } from './conformance/links.ts';
import { NftFirewall } from './firewall.ts';
import { FirewallInMemory } from './firewall-in-memory.ts';
import { IpLinks } from './links.ts';
import { LinksInMemory } from './links-in-memory.ts';
import type { Run } from './run.ts';

const missing: Run = async ([program]) => {
  throw new Fault('unsupported', `${program} is not installed`);
};

function answering(stdout: string, stderr = '', exitCode = 0): Run {
  return async (argv) => ({ argv, exitCode, stdout, stderr });
}

describe('links in memory', () => {
  linksConformance(async () => ({ links: new LinksInMemory(), pid: 7 }));
});

describe('a firewall in memory', () => {
  firewallConformance(async () => new FirewallInMemory());
});

describe('links of the host', () => {
  it('name the package when ip is missing', async () => {
    await assert.rejects(new IpLinks(missing).list(), { code: 'unsupported', message: /install the package iproute2/ });
  });

  it('are read without default routes, hosts as whole prefixes', async () => {
    const routes = [
      { dst: 'default' },
      { dst: '10.0.0.0/24' },
      { dst: '10.0.0.1' },
      { dst: 'fe80::1' },
      { dst: 'x' },
      {},
    ];
    assert.deepEqual(await new IpLinks(answering(JSON.stringify(routes))).routes(), [
      '10.0.0.0/24',
      '10.0.0.1/32',
      'fe80::1/128',
    ]);
    assert.deepEqual(await new IpLinks(answering('')).routes(), []);
  });
});

describe('the firewall of the host', () => {
  it('names the package when nft is missing, and the feature when the kernel lacks it', async () => {
    await assert.rejects(new NftFirewall(missing).list('yurt_br0'), {
      code: 'unsupported',
      message: /package nftables/,
    });
    const refusing = answering('', 'Error: Could not process rule: Operation not supported', 1);
    await assert.rejects(new NftFirewall(refusing).replace('yurt_br0', ''), {
      code: 'unsupported',
      message: /NFT_MASQ/,
    });
    const broken = answering('', 'Error: syntax error', 1);
    await assert.rejects(new NftFirewall(broken).replace('yurt_br0', ''), { code: 'internal' });
  });

  it('refuses a table name that is more than a name', async () => {
    for (const name of ['', 'a b', 'a;b', 'a\n', '0a', 'a{', 'x'.repeat(65)]) {
      await assert.rejects(new NftFirewall(missing).remove(name), { code: 'invalid' });
    }
  });
});
