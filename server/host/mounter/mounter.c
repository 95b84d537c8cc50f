/*
 * Puts mounts into running instances and takes them out. Only a process with one thread can do that, and the server has
 * many. It runs as root of the host; nothing of the instance is ever executed, and every path inside is resolved below
 * the root of its init (openat2(2), RESOLVE_IN_ROOT), by a process with the rights of the instance's own root.
 *
 *   mounter attach directory|file private|slave|shared|unbindable TARGET
 *       Shows the detached mount of descriptor 6 on TARGET, which is made when it is missing. Writes "MOUNT-ID CREATED" to
 *       descriptor 7: CREATED is 1 when the last part of TARGET was made.
 *   mounter detach TARGET MOUNT-ID CREATED
 *       Takes the mount away again if it is still the one on TARGET, and removes what was made for it if it is empty.
 *
 * Descriptors: 3 the root directory of the instance's init, 4 its mount namespace, 5 its user namespace. On failure, one
 * line on stderr, `ERRNO: what was tried`, and exit status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOT_FD = 3, MOUNT_NAMESPACE_FD, USER_NAMESPACE_FD, MOUNT_FD, RECEIPT_FD, FIRST_FREE_FD };
enum { MAX_PATH = 4096, NO_FD = -1 };

/* linux/mount.h, asm-generic/unistd.h: by number, since the C library may be older than the kernel. */
enum { NR_OPEN_TREE = 428, NR_MOVE_MOUNT = 429, NR_OPENAT2 = 437, NR_MOUNT_SETATTR = 442 };
enum { OPEN_TREE_CLONES = 1, RECURSIVELY = 0x8000, FROM_EMPTY = 4, TO_EMPTY = 0x40 };
struct attributes {
  uint64_t set, clear, propagation, namespace;
};

/* What a child has found out: its descriptors are also its parent's. */
struct answer {
  int fd;
  int created;
  int error;
  char what[MAX_PATH + 64];
};
static struct answer *answer;

static void fail(const char *what, const char *path) {
  answer->error = errno;
  snprintf(answer->what, sizeof answer->what, "%s %s", what, path);
  _exit(1);
}

static void report_and_exit(void) {
  const char *name = strerrorname_np(answer->error);
  fprintf(stderr, "%s: %s\n", name == NULL ? "EIO" : name, answer->what);
  _exit(1);
}

/* Runs `work` in a child that shares the descriptors and may thus enter what its parent must not stay in. */
static void in_child(void (*work)(void *), void *argument) {
  answer->error = EIO;
  snprintf(answer->what, sizeof answer->what, "a helper was killed");
  pid_t parent = getpid();
  pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    /* Whoever waits too long for a file system of the instance kills the parent. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    work(argument);
    answer->error = 0;
    _exit(0);
  }
  int status;
  if (child < 0) answer->error = errno;
  else if (waitpid(child, &status, 0) < 0) answer->error = errno;
  if (answer->error != 0) report_and_exit();
}

/*
 * The mount again, with the attributes that it has (read-only, no devices) locked: a copy in the mount namespace of another
 * user namespace gets that (mount_namespaces(7)). Without it, root of the instance could remount what it was shown.
 */
static void lock_attributes(void *directory) {
  const char *place = *(int *)directory ? "/proc" : "/proc/version"; /* any directory and any file will do */
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("making", "a namespace");
  if (syscall(NR_MOVE_MOUNT, MOUNT_FD, "", AT_FDCWD, place, FROM_EMPTY) != 0) fail("attaching to", place);
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) fail("making", "a user namespace");
  answer->fd = (int)syscall(NR_OPEN_TREE, AT_FDCWD, place, OPEN_TREE_CLONES | O_CLOEXEC | RECURSIVELY);
  if (answer->fd < 0) fail("copying", "the mount");
}

static int open_inside(const char *path, int flags) {
  struct open_how how = {.flags = (uint64_t)(flags | O_PATH | O_CLOEXEC),
                         .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  for (int attempt = 0; attempt < 32; attempt++) {
    int fd = (int)syscall(NR_OPENAT2, ROOT_FD, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) return fd;
  }
  return NO_FD;
}

/* From here on with the rights of the instance's root, and no more. EINVAL: it has no user namespace of its own. */
static void become_its_root(void) {
  if (setns(USER_NAMESPACE_FD, CLONE_NEWUSER) != 0) {
    if (errno == EINVAL) return;
    fail("entering", "the user namespace");
  }
  if (setgroups(0, NULL) != 0 || setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) fail("becoming", "its root");
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* other credentials have cleared it (prctl(2)) */
  umask(022);
}

struct target {
  const char *path;
  int directory;
};

/* Opens the directory that holds the last part of `path`, which is cut off. */
static int open_parent(char *path, char **last) {
  *last = strrchr(path, '/');
  **last = '\0';
  *last += 1;
  return open_inside(path[0] == '\0' ? "/" : path, O_DIRECTORY);
}

static void make_one(const char *path, int directory) {
  char copy[MAX_PATH], *name;
  snprintf(copy, sizeof copy, "%s", path);
  int parent = open_parent(copy, &name);
  if (parent < 0) fail("opening the directory of", path);
  if (directory) {
    if (mkdirat(parent, name, 0755) != 0) fail("making the directory", path);
  } else {
    int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0) fail("making the file", path);
    close(file);
  }
  close(parent);
}

/* Opens the place that the mount goes to. What is missing on the way is made, as `mkdir -p` would inside. */
static void prepare_target(void *argument) {
  const struct target *target = argument;
  become_its_root();
  answer->created = 0;
  char part[MAX_PATH];
  size_t length = strlen(target->path);
  for (size_t end = 1; end <= length; end++) {
    if (end != length && target->path[end] != '/') continue;
    snprintf(part, sizeof part, "%.*s", (int)end, target->path);
    int directory = end != length || target->directory;
    int fd = open_inside(part, 0);
    if (fd < 0) {
      if (errno != ENOENT) fail("opening", part);
      make_one(part, directory);
      answer->created = end == length;
      fd = open_inside(part, 0);
      if (fd < 0) fail("opening", part);
    }
    struct stat status;
    if (fstat(fd, &status) != 0) fail("looking at", part);
    if (S_ISDIR(status.st_mode) != directory) {
      errno = directory ? ENOTDIR : EISDIR;
      fail("opening", part);
    }
    if (end == length) answer->fd = fd;
    else close(fd);
  }
}

static uint64_t mount_id(int fd) {
  struct statx status;
  if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) != 0) return 0;
  return status.stx_mnt_id;
}

static void enter_mount_namespace(void) {
  if (setns(MOUNT_NAMESPACE_FD, CLONE_NEWNS) == 0) return;
  fail("entering", "the mount namespace");
}

static uint64_t propagation_of(const char *word) {
  if (strcmp(word, "shared") == 0) return MS_SHARED;
  if (strcmp(word, "unbindable") == 0) return MS_UNBINDABLE;
  return 0; /* private and slave are so already */
}

struct attachment {
  struct target target;
  const char *propagation;
  int mount, place, created;
};

static void put_there(void *argument) {
  struct attachment *it = argument;
  struct attributes attributes = {.propagation = propagation_of(it->propagation)};
  enter_mount_namespace();
  if (syscall(NR_MOVE_MOUNT, it->mount, "", it->place, "", FROM_EMPTY | TO_EMPTY) != 0) fail("mounting on", it->target.path);
  char receipt[64];
  int length = snprintf(receipt, sizeof receipt, "%llu %d\n", (unsigned long long)mount_id(it->mount), it->created);
  if (pwrite(RECEIPT_FD, receipt, (size_t)length, 0) != length) fail("noting", "the mount");
  if (attributes.propagation == 0) return;
  int result = (int)syscall(NR_MOUNT_SETATTR, it->mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
  if (result != 0) fail("setting the propagation of", it->target.path);
}

static void attach(int directory, const char *propagation, const char *path) {
  struct attachment it = {.target = {path, directory}, .propagation = propagation};
  in_child(lock_attributes, &directory);
  it.mount = answer->fd;
  in_child(prepare_target, &it.target);
  it.place = answer->fd;
  it.created = answer->created;
  in_child(put_there, &it);
}

struct removal {
  const char *path;
  unsigned long long id;
  int descriptors; /* /proc/self/fd of the host: a path to what a descriptor stands for */
};

static void find_mount(void *argument) {
  struct removal *it = argument;
  answer->fd = open_inside(it->path, 0);
  if (answer->fd >= 0 && mount_id(answer->fd) == it->id) return;
  answer->fd = NO_FD; /* somebody inside was faster */
}

static void take_away(void *argument) {
  struct removal *it = argument;
  int mount = answer->fd;
  char name[16];
  snprintf(name, sizeof name, "%d", mount);
  enter_mount_namespace();
  /* A child has descriptors of the same numbers, but a directory of its own below /proc. */
  if (fchdir(it->descriptors) != 0) fail("entering", "/proc/self/fd");
  if (umount2(name, MNT_DETACH) != 0) fail("unmounting", it->path);
}

/* Best effort: what somebody has put there meanwhile stays. */
static void remove_target(void *argument) {
  struct removal *it = argument;
  char copy[MAX_PATH], *name;
  struct stat status;
  become_its_root();
  snprintf(copy, sizeof copy, "%s", it->path);
  int parent = open_parent(copy, &name);
  if (parent < 0 || fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISDIR(status.st_mode)) unlinkat(parent, name, AT_REMOVEDIR);
  else if (S_ISREG(status.st_mode) && status.st_size == 0) unlinkat(parent, name, 0);
}

static void detach(const char *path, unsigned long long id, int created) {
  struct removal it = {.path = path, .id = id};
  it.descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  in_child(find_mount, &it);
  if (answer->fd != NO_FD) in_child(take_away, &it);
  if (created) in_child(remove_target, &it);
}

int main(int argc, char **argv) {
  answer = mmap(NULL, sizeof *answer, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (answer == MAP_FAILED) return 2;
  prctl(PR_SET_DUMPABLE, 0);
  for (int fd = ROOT_FD; fd < FIRST_FREE_FD; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (argc != 5) return 2;
  const char *path = strcmp(argv[1], "attach") == 0 ? argv[4] : argv[2];
  if (path[0] != '/' || strlen(path) < 2 || strlen(path) >= MAX_PATH) return 2;
  if (strcmp(argv[1], "attach") == 0) attach(strcmp(argv[2], "directory") == 0, argv[3], path);
  else if (strcmp(argv[1], "detach") == 0) detach(path, strtoull(argv[3], NULL, 10), argv[4][0] == '1');
  else return 2;
  return 0;
}
