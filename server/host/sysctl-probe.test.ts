import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Run } from './run.ts';
import { NamespacedSysctlProbe } from './sysctl-probe.ts';

/** Programs that end as the value that they are given says. */
function probe() {
  const ran: string[] = [];
  const run: Run = async (argv, { input } = {}) => {
    ran.push(`${argv.join(' ')} < ${String(input)}`);
    const failed = String(input) === 'wrong';
    return {
      argv,
      exitCode: failed ? 1 : 0,
      stdout: '',
      stderr: failed ? `tee: ${argv.at(-1)}: Invalid argument\n` : '',
    };
  };
  return { ran, subject: new NamespacedSysctlProbe(run) };
}

describe('kernel settings', () => {
  it('are tried out in namespaces of their own', async () => {
    const { ran, subject } = probe();
    await subject.check({ 'net.ipv4.ip_forward': '1' }, false);
    await subject.check({ 'kernel.shmmni': '100' }, true);
    assert.deepEqual(ran, [
      'unshare --user --map-root-user --net --ipc tee /proc/sys/net/ipv4/ip_forward < 1',
      'unshare --net --ipc tee /proc/sys/kernel/shmmni < 100',
    ]);
  });

  it('that the kernel refuses are named with value and reason', async () => {
    await assert.rejects(probe().subject.check({ 'net.ipv4.tcp_ecn': '1', 'net.ipv4.ip_forward': 'wrong' }, false), {
      code: 'unsupported',
      message:
        'Invalid value "wrong" for linux.sysctl.net.ipv4.ip_forward: the kernel of this host refuses it (Invalid argument)',
    });
  });
});
