import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import type { Lease } from '../networks/contract.ts';
import { AddressAnnouncer } from './address-announcer.ts';
import type { Instance } from './instance.ts';

const lease = (instanceId: string, address: string): Lease => ({
  ...{ instanceId, nic: 'eth0', hwaddr: '00:16:3e:00:00:01', family: 4, address, hostname: 'web', source: 'dhcp' },
});

describe('the addresses of instances', () => {
  it('are announced once each, in the project of the instance', async () => {
    const announced: string[] = [];
    let leases: Lease[] = [];
    let reads = 0;
    const announcer = new AddressAnnouncer({
      log: silentLog,
      events: {
        lifecycle: (action, source, context, project) =>
          void announced.push([action, source, context?.['address'], project].join(' ')),
      },
      leases: async () => {
        reads += 1;
        return leases;
      },
      instances: async () => [{ uuid: 'a', name: 'web', project: 'blue' } as Instance], // all that it looks at
    });
    await announcer.changed('n');
    leases = [lease('a', '10.0.0.2'), lease('gone', '10.0.0.3')];
    await Promise.all([announcer.changed('n'), announcer.changed('n'), announcer.changed('n')]);
    assert.equal(reads, 3); // the later two changes make it look once more
    assert.deepEqual(announced, ['instance-address-added instance/web 10.0.0.2 blue']);
    leases = [];
    await announcer.changed('n');
    leases = [lease('a', '10.0.0.2')];
    await announcer.changed('n');
    assert.equal(announced.length, 2);
  });
});
