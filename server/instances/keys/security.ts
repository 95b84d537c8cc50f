import { type ConfigKey, checkBoolean, integerBetween } from '../../base/config-key.ts';
import { suggestion } from '../../base/nearest.ts';
import { patchFault } from '../../runtime/patch-spec.ts';
import { syscallNames } from '../../runtime/syscall-names.ts';
import { checkRawIdmap } from '../raw-idmap.ts';
import { syscallsIn } from '../spec-options.ts';

/** user_namespaces(7): the last id but one. */
const maxId = 0xffff_fffe;

/** How far an instance is from the host, and who may end it. */
export const securityKeys: readonly ConfigKey[] = [
  {
    key: 'raw.idmap',
    type: 'id map',
    default: '',
    live: false,
    doc: 'Ids inside that are ids of the host, one a line: "both 1000 1000" (uid, gid or both; host, then inside; ranges such as 50-60 too).',
    check: checkRawIdmap,
  },
  {
    key: 'raw.oci',
    type: 'JSON',
    default: '',
    live: false,
    doc: 'A JSON merge patch (RFC 7396) for the OCI specification of the container, except for what yurt relies on.',
    check: patchFault,
  },
  {
    key: 'security.idmap.base',
    type: 'integer',
    default: '',
    live: false,
    doc: 'The first id on the host of a range that no other instance may have; unset: the server picks one.',
    check: integerBetween(65_536, maxId - 65_536),
  },
  {
    key: 'security.idmap.isolated',
    type: 'boolean',
    default: 'true',
    live: false,
    doc: 'Whether no other instance has the same ids on the host. That is always so: only true is possible.',
    check: (value) =>
      /^(true|1|yes|on)$/i.test(value) ? undefined : 'true: every instance has ids of its own on this server',
  },
  {
    key: 'security.idmap.size',
    type: 'integer',
    default: '65536',
    live: false,
    doc: 'How many user and group ids the instance has.',
    check: integerBetween(65_536, 1_000_000_000),
  },
  {
    key: 'security.nesting',
    type: 'boolean',
    default: 'false',
    live: false,
    doc: 'Whether containers can run inside the instance, on hosts with lxcfs too.',
    check: checkBoolean,
  },
  {
    key: 'security.privileged',
    type: 'boolean',
    default: 'false',
    live: false,
    doc: 'Whether root inside is root of the host, with fewer capabilities. Such an instance can harm the host: only for those that you trust as you trust the host.',
    check: checkBoolean,
  },
  {
    key: 'security.protection.delete',
    type: 'boolean',
    default: 'false',
    live: true,
    doc: 'Refuses to delete the instance.',
    check: checkBoolean,
  },
  {
    key: 'security.protection.shift',
    type: 'boolean',
    default: 'false',
    live: true,
    doc: 'Refuses to start the instance with other ids on the host than its files are stored with.',
    check: checkBoolean,
  },
  {
    key: 'security.protection.start',
    type: 'boolean',
    default: 'false',
    live: true,
    doc: 'Refuses to start the instance.',
    check: checkBoolean,
  },
  {
    key: 'security.syscalls.allow',
    type: 'system calls',
    default: '',
    live: false,
    doc: 'The only system calls that may be made, one a line; those that the OCI runtime needs to start init among them. Not together with security.syscalls.deny*.',
    check: checkSyscalls,
  },
  {
    key: 'security.syscalls.deny',
    type: 'system calls',
    default: '',
    live: false,
    doc: 'System calls that fail as if the kernel did not have them, one a line.',
    check: checkSyscalls,
  },
  {
    key: 'security.syscalls.deny_compat',
    type: 'boolean',
    default: 'false',
    live: false,
    doc: 'Whether programs for the 32-bit relatives of the processor are killed.',
    check: checkBoolean,
  },
  {
    key: 'security.syscalls.deny_default',
    type: 'boolean',
    default: 'true',
    live: false,
    doc: 'Whether the calls are denied that reach the kernel which all share: modules, kexec, files by handle, forced unmounts.',
    check: checkBoolean,
  },
];

function checkSyscalls(value: string): string | undefined {
  const unknown = syscallsIn(value).find((name) => !syscallNames.has(name));
  if (unknown === undefined) return undefined;
  return `names of system calls, one a line: "${unknown.slice(0, 40)}" is none${suggestion(unknown, syscallNames)}`;
}
