const basePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The whole environment of a command: what was asked for, and defaults where that says nothing. `exists` looks into the
 * instance: where snaps or NixOS keep their programs, the default PATH has them too.
 */
export function commandEnvironment(
  asked: Readonly<Record<string, string>>,
  user: number,
  exists: (path: string) => boolean,
): Record<string, string> {
  return {
    container: 'lxc',
    ...(asked['PATH'] === undefined ? { PATH: defaultPath(exists) } : {}),
    ...(user === 0 ? { HOME: '/root', USER: 'root' } : {}),
    LANG: 'C.UTF-8',
    ...asked,
  };
}

function defaultPath(exists: (path: string) => boolean): string {
  const snap = exists('/snap') ? ':/snap/bin' : '';
  const nix = exists('/etc/NIXOS') ? ':/run/current-system/sw/bin' : '';
  return basePath + snap + nix;
}
