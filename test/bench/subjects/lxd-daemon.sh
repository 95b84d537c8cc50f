#!/bin/sh
# Runs lxd in a mount namespace (the caller's is left alone) where /sys shows the links of the network namespace that it
# is started in, and the host's cgroups are in their place. Arguments: LXD's directory, then those for lxd.
set -eu
LXD_DIR=$1
export LXD_DIR
shift
mkdir -p "$LXD_DIR" "$LXD_DIR.cgroup"
mount --rbind /sys/fs/cgroup "$LXD_DIR.cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$LXD_DIR.cgroup" /sys/fs/cgroup
umount -l "$LXD_DIR.cgroup"
exec lxd "$@"
