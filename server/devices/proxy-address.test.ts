import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { natRules } from './makers/nat-maker.ts';
import { endpointsOf, parseProxyAddress } from './proxy-address.ts';

describe('an address of a proxy', () => {
  it('has one socket for each port of its lists and ranges', () => {
    const parsed = parseProxyAddress('tcp:[::1]:80,90-92');
    assert.ok(typeof parsed !== 'string');
    assert.deepEqual(
      endpointsOf(parsed).map(({ type, address, port }) => `${type} ${address} ${port}`),
      ['tcp ::1 80', 'tcp ::1 90', 'tcp ::1 91', 'tcp ::1 92'],
    );
  });

  it('may be a path or a name', () => {
    assert.deepEqual(parseProxyAddress('unix:/run/x'), { type: 'unix', path: '/run/x' });
    assert.deepEqual(parseProxyAddress('unix:@x'), { type: 'unix', path: '@x' });
  });

  const wrong = [
    ...['', 'tcp', 'tcp:', 'tcp:1.2.3.4', 'tcp:1.2.3.4:', 'tcp:1.2.3.4:0', 'tcp:1.2.3.4:65536', 'tcp:1.2.3.4:9-8'],
    ...['tcp:1.2.3.4:80,80', 'tcp:1.2.3.4:1-2000', 'tcp:::1:80', 'tcp:[1.2.3.4]:80', 'tcp:[fe80::1%eth0]:80'],
    ...['tcp:1.2.3.4:8 0', 'unix:', 'unix:x', 'unix:/a/../b', 'unix:/a//b', 'unix:@', `unix:/${'x'.repeat(107)}`],
  ];
  for (const text of wrong) {
    it(`is refused as ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.equal(typeof parseProxyAddress(text), 'string');
    });
  }
});

describe('the rules of a proxy by nat', () => {
  const part = { kind: 'nat', protocol: 'tcp', connect: '0.0.0.0', ports: [{ from: 80, to: 8080 }], nics: [] } as const;

  it('rewrite what comes from outside and from the host itself', () => {
    const rules = natRules({ ...part, listen: '192.0.2.1' }, '10.1.2.3');
    const rule = 'ip daddr 192.0.2.1 tcp dport 80 dnat ip to 10.1.2.3:8080';
    assert.equal(rules.split(rule).length, 3);
    assert.match(rules, /ip saddr 10\.1\.2\.3 ip daddr 10\.1\.2\.3 ct status dnat masquerade/);
  });

  it('take every address of the host but its loopback for 0.0.0.0', () => {
    assert.match(
      natRules({ ...part, listen: '0.0.0.0' }, '10.1.2.3'),
      /fib daddr type local ip daddr != 127\.0\.0\.0\/8/,
    );
  });
});
