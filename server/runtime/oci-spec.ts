/** The part of the OCI runtime specification's `config.json` that yurt writes (opencontainers/runtime-spec v1.0.2). */
export interface OciSpec {
  readonly ociVersion: '1.0.2';
  readonly process: OciProcess;
  readonly root: { readonly path: string };
  readonly hostname: string;
  readonly mounts: readonly OciMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: OciLinux;
}

export interface OciProcess {
  readonly terminal: boolean;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly args: readonly string[];
  /** `KEY=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: OciCapabilities;
  readonly rlimits?: readonly OciRlimit[];
  readonly noNewPrivileges: boolean;
  readonly apparmorProfile?: string;
  readonly oomScoreAdj?: number;
}

export interface OciCapabilities {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly ambient: readonly string[];
}

export interface OciRlimit {
  readonly type: `RLIMIT_${string}`;
  /** `Infinity`: unlimited. */
  readonly soft: number;
  readonly hard: number;
}

export interface OciMount {
  readonly destination: string;
  readonly type?: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface OciLinux {
  /** Absent, as those of groups: no user namespace. */
  readonly uidMappings?: readonly OciIdMapping[];
  readonly gidMappings?: readonly OciIdMapping[];
  readonly namespaces: readonly { readonly type: OciNamespace }[];
  readonly cgroupsPath: string;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly resources: OciResources;
  readonly devices: readonly OciDevice[];
  readonly seccomp: OciSeccomp;
  readonly rootfsPropagation: 'private';
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export interface OciIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export type OciNamespace = 'user' | 'pid' | 'mount' | 'uts' | 'ipc' | 'network' | 'cgroup';

export interface OciResources {
  /** The most processes; those of instances are limited by cgroup files, which can change while they run. */
  readonly pids?: { readonly limit: number };
  readonly devices: readonly OciDeviceRule[];
}

/** Without a type or a number it is about all of them. */
export interface OciDeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

export interface OciDevice {
  readonly type: 'c' | 'b';
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  /** Permission bits. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface OciSeccomp {
  readonly defaultAction: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  /** errno that calls without a rule fail with. */
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly OciSeccompRule[];
}

export interface OciSeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ERRNO' | 'SCMP_ACT_ALLOW';
  /** errno that the call fails with. */
  readonly errnoRet?: number;
  readonly args?: readonly OciSeccompArgument[];
}

/** `SCMP_CMP_MASKED_EQ`: the argument, masked with `value`, equals `valueTwo`. */
export interface OciSeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo: number;
  readonly op: 'SCMP_CMP_MASKED_EQ';
}
