import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatNic, parseNic } from './nic-file.ts';

const hwaddr = '00:16:3e:00:00:01';
const ipv4 = 0x0a010203n;

describe("a nic's file", () => {
  for (const [nic, text] of [
    [{ hwaddr, dnsName: 'web', ipv4 }, `${hwaddr},10.1.2.3,web\n`],
    [{ hwaddr, dnsName: 'web' }, `${hwaddr},web\n`],
    [{ hwaddr, dnsName: 'web.blue', ipv4 }, `# web.blue\n${hwaddr},10.1.2.3\n`],
    [{ hwaddr, dnsName: 'ignore', withoutIPv4: true }, `# ignore\n${hwaddr},ignore\n`],
    [{ hwaddr, dnsName: 'ignore', ipv4 }, `${hwaddr},10.1.2.3,ignore\n`],
    [
      { hwaddr, dnsName: 'web.blue', ipv4, hostName: 'web-lan.0', guarded: true },
      `# link web-lan.0\n# guarded\n# web.blue\n${hwaddr},10.1.2.3\n`,
    ],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as what was written`, () => {
      assert.equal(formatNic(nic), text);
      assert.deepEqual(parseNic(text), nic);
    });
  }

  it('is nothing else', () => {
    const texts = ['', `${hwaddr}\n`, `${hwaddr},web`, `# a\n${hwaddr},b\n`, `x,web\n`, `${hwaddr},10.1.2.3,web\n#\n`];
    for (const text of [...texts, `${hwaddr},${'a'.repeat(2000)}\n`]) assert.equal(parseNic(text), undefined, text);
  });
});
