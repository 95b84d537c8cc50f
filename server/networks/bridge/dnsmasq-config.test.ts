import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSubnet } from '../subnet.ts';
import { type DnsmasqConfig, formatDnsmasqConfig } from './dnsmasq-config.ts';

const config: DnsmasqConfig = {
  bridge: 'yurtbr0',
  account: { user: 'dnsmasq', group: 'nogroup' },
  pidFile: '/run/yurt/networks/yurtbr0/dnsmasq.pid',
  leaseFile: '/run/yurt/networks/yurtbr0/dnsmasq.leases',
  logFile: '/run/yurt/networks/yurtbr0/dnsmasq.log',
  nicsDirectory: '/run/yurt/networks/yurtbr0/nics',
  hostsDirectory: '/run/yurt/networks/yurtbr0/hosts',
  domain: 'yurt',
  ipv4: parseSubnet('10.1.2.1/24'),
  ipv6: parseSubnet('fd42:1:2:3::1/64'),
};

/** Reads a configuration as dnsmasq does: comments, quotes and escapes mean something, the first `=` ends the option. */
function read(text: string): Map<string, string[]> {
  const options = new Map<string, string[]>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    assert.doesNotMatch(line, /["\\]|(^|\s)#/, 'nothing that dnsmasq unquotes or takes for a comment');
    const at = line.indexOf('=');
    const name = at === -1 ? line : line.slice(0, at);
    options.set(name, [...(options.get(name) ?? []), at === -1 ? '' : line.slice(at + 1)]);
  }
  return options;
}

describe('the configuration of dnsmasq', () => {
  it('reads back as what was meant', () => {
    assert.deepEqual(Object.fromEntries(read(formatDnsmasqConfig(config))), {
      interface: ['yurtbr0'],
      'except-interface': ['lo'],
      'bind-interfaces': [''],
      user: ['dnsmasq'],
      group: ['nogroup'],
      'pid-file': [config.pidFile],
      'log-facility': [config.logFile],
      'quiet-dhcp': [''],
      'quiet-dhcp6': [''],
      'quiet-ra': [''],
      domain: ['yurt'],
      local: ['/yurt/'],
      'domain-needed': [''],
      'bogus-priv': [''],
      'no-hosts': [''],
      'expand-hosts': [''],
      hostsdir: [config.hostsDirectory],
      'dns-loop-detect': [''],
      'cache-size': ['1000'],
      'dns-forward-max': ['300'],
      'dhcp-range': [
        '10.1.2.0,static,255.255.255.0,1h',
        '10.1.2.192,10.1.2.254,255.255.255.0,1h',
        'fd42:1:2:3::,slaac,64,1h',
      ],
      'dhcp-authoritative': [''],
      'dhcp-rapid-commit': [''],
      'dhcp-ignore-clid': [''],
      'dhcp-ignore-names': [''],
      'dhcp-hostsdir': [config.nicsDirectory],
      'dhcp-leasefile': [config.leaseFile],
      'dhcp-lease-max': ['16384'],
      'no-ping': [''],
      'enable-ra': [''],
      'dhcp-option': ['option6:dns-server,[fd42:1:2:3::1]', 'option6:domain-search,yurt'],
    });
  });

  it('never runs a script and answers nobody but the bridge', () => {
    const options = read(formatDnsmasqConfig(config));
    for (const option of [
      'dhcp-script',
      'dhcp-luascript',
      'conf-dir',
      'conf-script',
      'enable-tftp',
      'listen-address',
    ]) {
      assert.ok(!options.has(option), option);
    }
  });

  it('has no DHCP without IPv4 and no advertisement without IPv6', () => {
    const { ipv4, ipv6, ...neither } = config;
    assert.ok(!read(formatDnsmasqConfig(neither)).has('dhcp-range'));
    assert.deepEqual(read(formatDnsmasqConfig({ ...neither, ...(ipv6 && { ipv6 }) })).get('dhcp-range')?.length, 1);
    assert.deepEqual(read(formatDnsmasqConfig({ ...neither, ...(ipv4 && { ipv4 }) })).get('dhcp-range')?.length, 2);
  });

  it('takes a path with spaces and refuses every value that could become another option', () => {
    const spaced = { ...config, logFile: '/var/my yurt/dnsmasq.log' };
    assert.deepEqual(read(formatDnsmasqConfig(spaced)).get('log-facility'), ['/var/my yurt/dnsmasq.log']);
    const hostile = [
      'a\ndhcp-script=/bin/sh',
      'a\rb',
      'a\0b',
      'a#b',
      'a=b',
      'a"b',
      "a'b",
      'a[b',
      'a]b',
      'a,b',
      'a\\b',
      'a;b',
      '',
    ];
    for (const value of hostile) {
      const attempts: DnsmasqConfig[] = [
        { ...config, bridge: value },
        { ...config, domain: value },
        { ...config, account: { user: value, group: 'nogroup' } },
        { ...config, account: { user: 'nobody', group: value } },
        ...(['pidFile', 'leaseFile', 'logFile', 'nicsDirectory', 'hostsDirectory'] as const).map((key) => ({
          ...config,
          [key]: `/${value}`,
        })),
      ];
      for (const attempt of attempts) {
        assert.throws(() => formatDnsmasqConfig(attempt), { code: 'invalid' }, JSON.stringify(value));
      }
    }
  });
});
