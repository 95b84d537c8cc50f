import type { OciCapabilities } from './oci-spec.ts';

/** capabilities(7) by number: CAP_CHOWN is 0. */
const names =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
   NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
   SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
   MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .trim()
    .split(/\s+/)
    .map((name) => `CAP_${name}`);

/**
 * Capabilities that the kernel honours in the initial user namespace alone. Without them services that ask for them
 * (`ConditionCapability=`: debugfs, modules, clocks) are skipped, as on systemd-nspawn, instead of failing.
 */
const worthless: ReadonlySet<string> = new Set(['CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_TIME']);

/**
 * What the root of a system container may have: every capability that means something in a user namespace of its own
 * and that a kernel with `lastCapability` (/proc/sys/kernel/cap_last_cap) knows. They reach no further than what the
 * namespace owns. Inheritable and ambient stay empty: uid 0 gains its capabilities at each exec, other users of the
 * instance must not (CVE-2022-24769).
 */
export function rootCapabilities(lastCapability: number): OciCapabilities {
  const all = names.slice(0, lastCapability + 1).filter((name) => !worthless.has(name));
  return { bounding: all, effective: all, permitted: all, inheritable: [], ambient: [] };
}

/**
 * Without a user namespace a capability is one of the host. These reach the kernel that all share and are withheld; what
 * remains still makes root inside root outside for who knows how.
 */
const ofHost: ReadonlySet<string> = new Set([...worthless, 'CAP_MAC_ADMIN', 'CAP_MAC_OVERRIDE', 'CAP_SYSLOG']);

/** `own` is what the server may do: nobody can give more. */
export function privilegedCapabilities(lastCapability: number, own: bigint): OciCapabilities {
  const kept = rootCapabilities(lastCapability).bounding.filter(
    (name) => !ofHost.has(name) && ((own >> BigInt(names.indexOf(name))) & 1n) === 1n,
  );
  return { bounding: kept, effective: kept, permitted: kept, inheritable: [], ambient: [] };
}
