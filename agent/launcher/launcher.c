/*
 * The first program of the agent, and of every command that the agent runs: what must happen between fork and exec,
 * which Node cannot do. Static, so that it runs in any root.
 *
 *   launcher agent FIRST COUNT ARGUMENT...
 *       Joins the cgroups of the agent by descriptors FIRST...FIRST+COUNT-1, closes these and all above, and becomes the
 *       agent whose files lie beside the launcher.
 *   launcher run COUNT OPENFILES TERMINAL UID GID CWDMODE CWD PROGRAM ARGUMENT...
 *       Becomes a command. Descriptor 3 is a pipe for a struct report if it cannot, 4...4+COUNT-1 are cgroup.procs files
 *       of the instance, 0-2 are the command's. TERMINAL 1: descriptor 0 becomes the controlling terminal. CWDMODE
 *       "default": a directory that cannot be entered means "/"; "exact": it is an error. The environment is the command's.
 *
 *   launcher room COUNT
 *       Takes the memory for files that the agent, its parent, writes into a file system that is made of memory, so that it
 *       counts as the instance's and not as the agent's. Descriptor 0 brings struct room, 3 takes a struct report for each,
 *       4...4+COUNT-1 are cgroup.procs files of the instance. Ends with descriptor 0.
 *
 *   launcher wait
 *       The init of a container in which an agent works on the files of an instance that does not run: does nothing.
 *
 * The cgroup.procs files were opened by root of the host, and the kernel asks for the rights of the opener: "0" moves
 * the writer itself (cgroups(7); Documentation/admin-guide/cgroup-v2.rst, "Delegation Containment").
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REPORT_FD = 3, FIRST_CGROUP_FD = 4, MAX_CGROUP_FDS = 32, MAX_AGENT_ARGUMENTS = 32, MAX_PATH = 4096 };

/* What could not be done; agent/launch-report.ts reads it. */
enum step { STEP_CGROUP = 1, STEP_TERMINAL, STEP_USER, STEP_CWD, STEP_EXEC, STEP_INTERPRETER, STEP_USAGE, STEP_ROOM };
struct report {
  int32_t step;
  int32_t error;
};

/* What is to have its pages, in a file that the agent has open; agent/files/memory-room.ts writes it. */
struct room {
  int64_t offset;
  int64_t length;
  int64_t fd;
};

static int tell(enum step step, int error) {
  struct report report = {step, error};
  return write(REPORT_FD, &report, sizeof report) == sizeof report;
}

static void fail(enum step step, int error) { _exit(tell(step, error) ? 127 : 126); }

static unsigned long number(const char *text, unsigned long max) {
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value > max) fail(STEP_USAGE, EINVAL);
  return value;
}

/* close_range(2) by number, the same everywhere: the C library may be older than the kernel. */
static void close_from(unsigned int first) {
  if (syscall(436, first, ~0U, 0) == 0) return;
  for (unsigned int fd = first; fd < 65536; fd++) close((int)fd);
}

static int join_cgroups(unsigned int first, unsigned int count) {
  for (unsigned int fd = first; fd < first + count; fd++) {
    if (write((int)fd, "0", 1) != 1) return -1;
  }
  return 0;
}

/*
 * Makes this process a child of the instance's own init, which then learns of its end: one that was put into the pid
 * namespace from outside has its parent there, and systemd-shutdown waits ten seconds for the SIGCHLD that never comes
 * (pid_namespaces(7), "Adoption of orphaned children").
 */
static int adopt_by_init(void) {
  pid_t child = fork();
  if (child < 0) return -1;
  if (child > 0) _exit(0);
  return setsid() < 0 ? -1 : 0;
}

static int become_agent(int argc, char **argv) {
  if (argc < 4 || argc > MAX_AGENT_ARGUMENTS) return 126;
  unsigned int first = (unsigned int)number(argv[2], 128), count = (unsigned int)number(argv[3], MAX_CGROUP_FDS);
  if (join_cgroups(first, count) != 0 || adopt_by_init() != 0) return 125;
  close_from(first);
  char *slash = strrchr(argv[0], '/');
  int length = slash == NULL ? 0 : (int)(slash - argv[0]);
  char loader[MAX_PATH], libraries[MAX_PATH], node[MAX_PATH], script[MAX_PATH];
  snprintf(loader, sizeof loader, "%.*s/ld.so", length, argv[0]);
  snprintf(libraries, sizeof libraries, "%.*s/lib", length, argv[0]);
  snprintf(node, sizeof node, "%.*s/node", length, argv[0]);
  snprintf(script, sizeof script, "%.*s/agent.cjs", length, argv[0]);
  char *start[] = {loader, "--library-path", libraries, node, "--max-old-space-size=48", "--max-semi-space-size=1",
                   "--v8-pool-size=1", "--no-concurrent-array-buffer-sweeping", "--disable-warning=ExperimentalWarning", script};
  enum { STARTS = sizeof start / sizeof *start };
  char *arguments[STARTS + MAX_AGENT_ARGUMENTS];
  memcpy(arguments, start, sizeof start);
  memcpy(arguments + STARTS, argv + 4, (size_t)(argc - 4 + 1) * sizeof *argv);
  execv(loader, arguments);
  return 127;
}

/* The raw calls: posix_spawn(3) leaves the C library's own two signals ignored, and signal(3) refuses to name them. */
static void reset_signals(void) {
  static const char zeros[64]; /* SIG_DFL and an empty mask in the kernel's struct sigaction */
  for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, zeros, NULL, 8);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, zeros, NULL, 8);
}

static void restore_open_files(unsigned long soft) {
  struct rlimit limit;
  if (soft == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (soft < limit.rlim_max) limit.rlim_cur = soft;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void take_terminal(void) {
  /* node-pty opens it non-blocking, for itself; no program expects that of its terminal. */
  int flags = fcntl(0, F_GETFL);
  if (flags < 0 || fcntl(0, F_SETFL, flags & ~O_NONBLOCK) != 0) fail(STEP_TERMINAL, errno);
  if (ioctl(0, TIOCSCTTY, 0) != 0) fail(STEP_TERMINAL, errno);
}

static void become_user(uid_t uid, gid_t gid) {
  if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) fail(STEP_USER, errno);
}

/* The raw call: "(unreachable)..." is what it answers for a directory outside of the root, as a leaked descriptor is. */
static int enter(const char *directory) {
  char path[MAX_PATH];
  if (chdir(directory) != 0) return -1;
  if (syscall(SYS_getcwd, path, sizeof path) > 0 && path[0] == '/') return 0;
  errno = EXDEV;
  return -1;
}

static void enter_cwd(const char *directory, int exact) {
  if (enter(directory) == 0) return;
  int error = errno;
  if (chdir("/") != 0) fail(STEP_CWD, errno);
  if (exact) fail(STEP_CWD, error);
}

/* After ENOENT: whether the file is there all the same, so that its interpreter or loader is what is missing. */
static int exists(const char *program) {
  struct stat status;
  if (strchr(program, '/') != NULL) return stat(program, &status) == 0;
  const char *path = getenv("PATH");
  while (path != NULL && *path != '\0') {
    size_t length = strcspn(path, ":");
    char candidate[MAX_PATH];
    int written = snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, program);
    if (length > 0 && written < (int)sizeof candidate && stat(candidate, &status) == 0) return 1;
    path += length + (path[length] == ':');
  }
  return 0;
}

static void become_command(int argc, char **argv) {
  if (argc < 10) fail(STEP_USAGE, EINVAL);
  unsigned int count = (unsigned int)number(argv[2], MAX_CGROUP_FDS);
  unsigned long open_files = number(argv[3], ~0UL);
  unsigned long terminal = number(argv[4], 1), uid = number(argv[5], UINT32_MAX - 1), gid = number(argv[6], UINT32_MAX - 1);
  close_from(FIRST_CGROUP_FD + count);
  fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
  setsid();
  if (join_cgroups(FIRST_CGROUP_FD, count) != 0) fail(STEP_CGROUP, errno);
  close_from(FIRST_CGROUP_FD);
  reset_signals();
  restore_open_files(open_files);
  umask(022);
  if (terminal) take_terminal();
  become_user((uid_t)uid, (gid_t)gid);
  enter_cwd(argv[8], strcmp(argv[7], "exact") == 0);
  /* Without the agent nobody could stop the command any more. After setresuid(2), which clears this (prctl(2)). */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execvp(argv[9], argv + 9);
  int error = errno;
  fail(error == ENOENT && exists(argv[9]) ? STEP_INTERPRETER : STEP_EXEC, error);
}

/*
 * A page of tmpfs counts as the memory of the process that first touches it (Documentation/admin-guide/cgroup-v2.rst,
 * "Memory Ownership"). fallocate(2) does that, and takes nothing of what it could not finish.
 */
static int take(pid_t agent, const struct room *room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)agent, (int)room->fd);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int result;
  do result = fallocate(fd, 0, room->offset, room->length);
  while (result != 0 && errno == EINTR);
  int error = result == 0 ? 0 : errno;
  close(fd);
  return error;
}

static void make_room(int argc, char **argv) {
  pid_t agent = getppid();
  if (argc < 3) fail(STEP_USAGE, EINVAL);
  unsigned int count = (unsigned int)number(argv[2], MAX_CGROUP_FDS);
  close_from(FIRST_CGROUP_FD + count);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* Where the instance has no memory left, it is this that ends, and the push with it: nothing of the instance. */
  int adjustment = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (adjustment < 0 || write(adjustment, "1000", 4) != 4) fail(STEP_ROOM, errno);
  close(adjustment);
  if (join_cgroups(FIRST_CGROUP_FD, count) != 0) fail(STEP_CGROUP, errno);
  close_from(FIRST_CGROUP_FD);
  struct room room;
  while (read(0, &room, sizeof room) == sizeof room) {
    int error = take(agent, &room);
    if (!tell(error == 0 ? 0 : STEP_ROOM, error)) break;
  }
  _exit(0);
}

static _Noreturn void wait_for_the_end(void) {
  signal(SIGCHLD, SIG_IGN); /* nobody's children leave no zombies (wait(2), NOTES) */
  for (;;) pause();
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "agent") == 0) return become_agent(argc, argv);
  if (argc > 1 && strcmp(argv[1], "run") == 0) become_command(argc, argv);
  if (argc > 1 && strcmp(argv[1], "room") == 0) make_room(argc, argv);
  if (argc > 1 && strcmp(argv[1], "wait") == 0) wait_for_the_end();
  return 126;
}
