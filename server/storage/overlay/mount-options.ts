/**
 * How roots are assembled; Documentation/filesystems/overlayfs.rst. Every option whose default a distribution may change is
 * named, so that a root behaves the same on every host, and for its whole life.
 */
export const overlayOptions: readonly string[] = [
  // Hard links of the image stay links when one of their names is written to, as POSIX wants. As a second use, the kernel
  // refuses an upper that another overlay still has, where it would otherwise only warn and both would corrupt it.
  'index=on',
  // rename(2) of a directory that comes from the image works; without it programs get EXDEV.
  'redirect_dir=on',
  // A changed mode or owner copies the file: a layer never depends on content below it, so that it can be read, measured
  // and moved on its own. With it, whoever can write a lower layer could have the kernel follow forged links.
  'metacopy=off',
  // Serving a root over NFS from the host is not offered, and its index of directories costs at every copy-up.
  'nfs_export=off',
  // All layers are on one file system, so inode numbers are unique and stay the same without it.
  'xino=off',
  // Not `volatile`: without fsync, a host that lost power would leave a root that may not be used again.
];

/** A look at layers that nobody writes to: the same, without what only a writable one may have. */
export const readOnlyOptions: readonly string[] = ['redirect_dir=follow', 'metacopy=off', 'xino=off'];
