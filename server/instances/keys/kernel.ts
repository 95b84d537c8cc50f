import type { ConfigKey } from '../../base/config-key.ts';
import { parseRlimit, rlimitNames } from '../../runtime/rlimits.ts';

/** Kernel settings: what one process may use at most, and sysctls of the instance's own namespaces. */
export const kernelKeys: readonly ConfigKey[] = [
  ...Object.entries(rlimitNames).map(
    ([name, unit]): ConfigKey => ({
      key: `limits.kernel.${name}`,
      type: 'number, soft:hard or unlimited',
      default: name === 'nofile' ? '1024:524288' : '',
      live: false,
      doc: `Of each process that init starts: ${unit}.${name === 'nofile' ? '' : ' Unset: as yurtd has it.'}`,
      check: (value) => (parseRlimit(value) === undefined ? 'a number, SOFT:HARD or unlimited' : undefined),
    }),
  ),
  {
    key: 'linux.sysctl.*',
    type: 'string',
    default: '',
    live: false,
    doc: "A kernel setting that the instance's network and IPC namespaces have for themselves, such as linux.sysctl.net.ipv4.ip_forward.",
    check: (value) => (/^[\x20-\x7e\t]{1,1024}$/.test(value) ? undefined : 'one line of printable characters'),
    checkName: checkSysctl,
  },
];

/** The settings that the kernel keeps per network or IPC namespace: Documentation/admin-guide/sysctl, namespaces(7). */
const namespaced = [/^net\./, /^fs\.mqueue\./, /^kernel\.(msg(max|mnb|mni|_next_id)|sem(_next_id)?|shm\w+)$/];

function checkSysctl(name: string): string | undefined {
  if (!/^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+$/.test(name)) return 'it is no name of a kernel setting';
  if (/^kernel\.(host|domain)name$/.test(name)) return 'an instance is called by its own name';
  if (!namespaced.some((pattern) => pattern.test(name))) {
    return 'the kernel has it once for all, so that it would change the host and every instance';
  }
  const link = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\./.exec(name)?.[1];
  if (link === undefined || ['all', 'default', 'lo'].includes(link)) return undefined;
  return `the link ${link} does not exist yet when settings are made: use net.….default, or set it inside`;
}
