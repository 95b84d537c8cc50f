import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkListenAddress, formatAddress, parseListenAddress } from './listen-address.ts';

describe('an address to listen on', () => {
  for (const [text, host, port] of [
    [':8443', '', 8443],
    ['10.0.0.1:9000', '10.0.0.1', 9000],
    ['10.0.0.1', '10.0.0.1', 8443],
    ['[fd42::1]:9000', 'fd42::1', 9000],
    ['[::]', '::', 8443],
    ['fd42::1', 'fd42::1', 8443],
    ['host1.lan:1', 'host1.lan', 1],
  ] as const) {
    it(`is read from ${text}`, () => assert.deepEqual(parseListenAddress(text), { host, port }));
  }

  it('is refused when it is none', () => {
    for (const text of [
      '',
      ':0',
      ':65536',
      ':http',
      '10.0.0:80',
      '[10.0.0.1]:80',
      'a b:1',
      'fd42::1:x',
      'a:1:2',
      '/x:1',
    ]) {
      assert.match(checkListenAddress(text) ?? '', /an address such as/, text);
    }
  });

  it('is written with brackets where they are needed', () => {
    assert.equal(formatAddress({ host: 'fd42::1', port: 1 }), '[fd42::1]:1');
    assert.equal(formatAddress({ host: '10.0.0.1', port: 1 }), '10.0.0.1:1');
  });
});
