import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Firewall } from '../firewall.ts';

const body = '\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n';

/** What every `Firewall` does, the one in memory and nft's. */
export function firewallConformance(open: () => Promise<Firewall>): void {
  it('loads, replaces and removes a table of its own', async () => {
    const firewall = await open();
    assert.equal(await firewall.list('yurt_conf'), undefined);
    await firewall.replace('yurt_conf', body);
    const listed = await firewall.list('yurt_conf');
    assert.match(listed ?? '', /chain forward/);
    await firewall.replace('yurt_conf', body);
    assert.equal(await firewall.list('yurt_conf'), listed);
    await firewall.replace('yurt_conf', body.replace('chain forward', 'chain other'));
    assert.doesNotMatch((await firewall.list('yurt_conf')) ?? '', /chain forward/);
    await firewall.remove('yurt_conf');
    await firewall.remove('yurt_conf');
    assert.equal(await firewall.list('yurt_conf'), undefined);
  });
}
