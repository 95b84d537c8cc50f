/** What the systems have in common: Debian 12, one DHCP client, a getty on the console, a service that tells of its end. */
const common = {
  packages: ['ifupdown', 'udhcpc', 'procps'],
  files: `
  - path: /etc/network/interfaces
    content: |
      auto lo eth0
      iface lo inet loopback
      iface eth0 inet dhcp
  - path: /etc/init.d/witness
    mode: 0755
    content: |
      #!/bin/sh
      ### BEGIN INIT INFO
      # Provides:          witness
      # Required-Start:    $remote_fs
      # Required-Stop:     $remote_fs
      # Default-Start:     2 3 4 5
      # Default-Stop:      0 1 6
      # Short-Description: Writes down that it was started and stopped
      ### END INIT INFO
      case "$1" in
        start | stop) echo "$1" >>/var/lib/witness ;;
      esac
`,
};

function recipe(name: string, packages: readonly string[], files: string, command: string): string {
  return `
name: ${name}
description: Debian for tests of inits
from: mmdebstrap
variant: essential
releases:
  12:
    suite: bookworm
packages: [${[...packages, ...common.packages].join(', ')}]
exclude:
  - /usr/share/doc/*
  - "!/usr/share/doc/*/copyright"
  - /usr/share/info/*
  - /usr/share/man/*
  - /usr/share/locale/*
files:${common.files}${files}
commands:
  - update-rc.d witness defaults
  - |
    ${command}
`;
}

/** The table of Debian's package, but for the virtual terminals, which no instance has. */
const consoleInInittab =
  "sed -i '/getty/d' /etc/inittab; echo '1:2345:respawn:/sbin/agetty --noclear console 115200 linux' >>/etc/inittab";

/** As OpenRC has a getty: a link to its service, named after the line. */
const consoleInOpenrc = 'ln -s agetty /etc/init.d/agetty.console; rc-update add agetty.console default';

/** The text of each recipe, by the kind that `yurt` must find. */
export const initRecipes = {
  sysvinit: recipe('sysvinit', ['sysvinit-core', 'sysv-rc', 'initscripts'], '', consoleInInittab),
  openrc: recipe('openrc', ['sysvinit-core', 'openrc', 'initscripts'], '', consoleInInittab),
  'openrc-init': recipe(
    'openrc-init',
    ['sysvinit-core', 'openrc', 'initscripts'],
    '',
    `ln -sf openrc-init /sbin/init; ${consoleInOpenrc}`,
  ),
} as const;
