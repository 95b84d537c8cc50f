/*
 * Relays connections and packets between a host and one of its instances: listens on one side, connects on the other. A
 * process of its own, which outlives the server, and ends with the instance.
 *
 *   relay run PROXY-PROTOCOL INSIDE UID GID SOCKET-UID SOCKET-GID SOCKET-MODE (TYPE ADDRESS PORT TYPE ADDRESS PORT)...
 *       Each six: where to listen, where to connect. TYPE is tcp, udp or unix; an ADDRESS of unix is a path, or @NAME in the
 *       abstract namespace. PROXY-PROTOCOL 1 says who connects, in one line before the data (HAProxy's PROXY protocol,
 *       version 1). INSIDE 1 says that it listens in the instance: also on addresses
 *       that are not there yet (ip(7), IP_FREEBIND), and with no more rights to its files than SOCKET-UID has. Listens as root; connects, for ever after, as UID and GID without any capability. Unix sockets are made
 *       with SOCKET-UID, SOCKET-GID and SOCKET-MODE (octal). Exits with 0 when all sockets listen; a child relays.
 *   relay unlink PATH INSIDE UID GID
 *       Removes a unix socket that nobody listens on any more. Descriptor 4 is the mount namespace.
 *
 * Descriptors: 3 and 4 network and mount namespace of the listening side, 5 and 6 those of the connecting side, 7 a pidfd of
 * the instance's init, 8 the cgroup.procs to join. On failure, one line on stderr, `ERRNO: what was tried`, and exit status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LISTEN_NET = 3, LISTEN_MOUNTS, CONNECT_NET, CONNECT_MOUNTS, INIT_FD, CGROUP_FD, FIRST_FREE };
enum { OPTIONS = 9 }; /* words before the addresses */

/* Limits, named for docs/guides/devices.md. */
enum {
  MAX_LISTENERS = 1024,
  MAX_CONNECTIONS = 4096,
  MAX_SESSIONS = 1024,      /* of UDP; one more ends the one that was silent for longest */
  SESSION_IDLE_SECONDS = 60,
  CONNECT_SECONDS = 30,
  BACKLOG = 511,
  BUFFER_BYTES = 64 * 1024, /* one for all; what a slow reader leaves of it is kept for him, and nothing more is read */
  BATCH = 64,               /* so much of one descriptor before others have their turn */
  SWEEP_MS = 5000
};

struct address {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
  };
  socklen_t size;
  int type; /* SOCK_STREAM or SOCK_DGRAM */
  const char *text, *port;
};

enum kind { LISTENER, END, SESSION, INIT };
struct watch {
  enum kind kind;
  int fd;
};

struct listener {
  struct watch watch;
  struct address listen, connect;
};

/* One of the two sockets of a connection. */
struct end {
  struct watch watch;
  struct connection *connection;
  struct end *peer;
  char *pending; /* to be written to it */
  size_t length, start;
  int connecting, eof, gone, deaf;
};

struct connection {
  struct end client, target;
  struct connection *next_dead;
  time_t began;
  int dead, index;
};

struct session {
  struct watch watch;
  struct listener *listener;
  struct address client;
  time_t used;
};

static struct listener listeners[MAX_LISTENERS];
static int listener_count, connection_count, session_count, epoll, proxy_protocol, nothing;
static int max_connections = MAX_CONNECTIONS;
static struct connection *connections[MAX_CONNECTIONS], *dead_connections;
static struct session sessions[MAX_SESSIONS];
static char buffer[BUFFER_BYTES];

static void fail(const char *what, const char *subject) {
  const char *name = strerrorname_np(errno);
  fprintf(stderr, "%s: %s %s\n", name == NULL ? "EIO" : name, what, subject);
  exit(1);
}

static unsigned long number(const char *text, int base, unsigned long most) {
  char *end;
  unsigned long value = strtoul(text, &end, base);
  if (*text == '\0' || *end != '\0' || value > most) {
    errno = EINVAL;
    fail("reading the number", text);
  }
  return value;
}

static time_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

static void parse_address(struct address *to, char **words) {
  memset(to, 0, sizeof *to);
  to->text = words[1];
  to->port = words[2];
  to->type = strcmp(words[0], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
  if (strcmp(words[0], "unix") == 0) {
    size_t length = strlen(words[1]);
    if (length == 0 || length >= sizeof to->local.sun_path) {
      errno = ENAMETOOLONG;
      fail("using the path", words[1]);
    }
    to->local.sun_family = AF_UNIX;
    memcpy(to->local.sun_path, words[1], length);
    if (words[1][0] == '@') to->local.sun_path[0] = '\0';
    to->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (words[1][0] == '/'));
    return;
  }
  in_port_t port = htons((unsigned short)number(words[2], 10, 65535));
  if (inet_pton(AF_INET, words[1], &to->v4.sin_addr) == 1) {
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = port;
    to->size = sizeof to->v4;
  } else if (inet_pton(AF_INET6, words[1], &to->v6.sin6_addr) == 1) {
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = port;
    to->size = sizeof to->v6;
  } else {
    errno = EINVAL;
    fail("using the address", words[1]);
  }
}

/* Setting up */

static int is_path(const struct address *address) {
  return address->any.sa_family == AF_UNIX && address->local.sun_path[0] == '/';
}

/* What a relay that was killed has left. One that somebody listens on stays. */
static void unlink_stale(const struct address *address) {
  struct stat status;
  if (lstat(address->local.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int refused = connect(probe, &address->any, address->size) != 0 && errno == ECONNREFUSED;
  close(probe);
  if (refused) unlink(address->local.sun_path);
}

/*
 * What is made in file systems from now on belongs to these. In the instance that is also whose rights count: its root may
 * lead a path to what it has no right to. On the host they are those of root, who was asked for this path.
 */
static void act_as(int inside, uid_t uid, gid_t gid) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct rights[2];
  setfsgid(gid);
  setfsuid(uid);
  if (inside) return;
  /* They went with the id (capabilities(7), "Effect of user ID changes"). */
  if (syscall(SYS_capget, &header, rights) != 0) fail("reading", "capabilities");
  rights[0].effective |= rights[0].permitted & (1U << CAP_DAC_OVERRIDE);
  if (syscall(SYS_capset, &header, rights) != 0) fail("keeping", "capabilities");
}

static const char *name_of(const struct address *address) {
  static char name[256];
  const char *type = address->type == SOCK_DGRAM ? "udp" : "tcp";
  if (address->any.sa_family == AF_UNIX) snprintf(name, sizeof name, "unix:%s", address->text);
  else if (address->any.sa_family == AF_INET6) snprintf(name, sizeof name, "%s:[%s]:%s", type, address->text, address->port);
  else snprintf(name, sizeof name, "%s:%s:%s", type, address->text, address->port);
  return name;
}

static void watch(struct watch *it, unsigned events) {
  struct epoll_event event = {.events = events, .data = {.ptr = it}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, it->fd, &event) != 0) fail("watching", "a socket");
}

static void listen_on(struct listener *it, int inside, uid_t uid, gid_t gid, mode_t mode) {
  struct address *address = &it->listen;
  int on = 1;
  it->watch.kind = LISTENER;
  it->watch.fd = socket(address->any.sa_family, address->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (it->watch.fd < 0) fail("making a socket for", name_of(address));
  if (address->any.sa_family != AF_UNIX && address->type == SOCK_STREAM) {
    setsockopt(it->watch.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (address->any.sa_family != AF_UNIX && inside) setsockopt(it->watch.fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (is_path(address)) {
    umask(0777 & ~mode);
    act_as(inside, uid, gid);
    unlink_stale(address);
  }
  int bound = bind(it->watch.fd, &address->any, address->size);
  int error = errno;
  setfsuid(0);
  setfsgid(0);
  errno = error;
  if (bound != 0) fail("listening on", name_of(address));
  if (address->type == SOCK_STREAM && listen(it->watch.fd, BACKLOG) != 0) fail("listening on", name_of(address));
}

static void enter(int network, int mounts, const char *side) {
  if (setns(network, CLONE_NEWNET) != 0) fail("entering the network of", side);
  if (setns(mounts, CLONE_NEWNS) != 0) fail("entering the files of", side);
}

/* After this the process is nobody in particular: a fault in what follows gives away the sockets, not the host. */
static void drop_rights(uid_t uid, gid_t gid) {
  struct rlimit files = {.rlim_cur = 2 * MAX_CONNECTIONS + MAX_SESSIONS + MAX_LISTENERS + 64};
  struct rlimit found;
  if (getrlimit(RLIMIT_NOFILE, &found) == 0) {
    files.rlim_max = found.rlim_max > files.rlim_cur ? found.rlim_max : files.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
      found.rlim_cur = found.rlim_max;
      setrlimit(RLIMIT_NOFILE, &found);
      long left = (long)found.rlim_cur - MAX_SESSIONS - listener_count - 64;
      if (left < 2L * max_connections) max_connections = left < 2 ? 1 : (int)(left / 2);
    }
  }
  for (int capability = 0; capability <= CAP_LAST_CAP; capability++) prctl(PR_CAPBSET_DROP, capability);
  if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) fail("becoming", "a user");
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  if (syscall(SYS_capset, &header, none) != 0) fail("dropping", "capabilities");
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0);
}

/* Streams */

static void bury(struct connection *it) {
  if (it->dead) return;
  it->dead = 1;
  close(it->client.watch.fd);
  close(it->target.watch.fd);
  connections[it->index] = connections[--connection_count];
  connections[it->index]->index = it->index;
  /* An event of this round may still mean it. */
  it->next_dead = dead_connections;
  dead_connections = it;
}

static void free_dead(void) {
  while (dead_connections != NULL) {
    struct connection *it = dead_connections;
    dead_connections = it->next_dead;
    free(it->client.pending);
    free(it->target.pending);
    free(it);
  }
}

/* Waits for what makes sense now: reads only what the other end can take. */
static void update(struct end *it) {
  if (it->gone) return;
  int may_read = !it->eof && it->peer->length == 0 && !it->peer->connecting && !it->connecting;
  if (it->deaf && !may_read && it->length == 0) return;
  unsigned events = 0;
  if (may_read) events |= EPOLLIN;
  if (it->connecting || it->length > 0) events |= EPOLLOUT;
  struct epoll_event event = {.events = events, .data = {.ptr = it}};
  epoll_ctl(epoll, it->deaf ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, it->watch.fd, &event);
  it->deaf = 0;
}

/* What cannot be written now is kept. Returns -1 when the other side is gone. */
static int send_to(struct end *it, const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = send(it->watch.fd, data, length, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno != EAGAIN) return -1;
    if (written < 0) break;
    data += written;
    length -= (size_t)written;
  }
  if (length == 0) return 0;
  it->pending = malloc(length);
  if (it->pending == NULL) return -1;
  memcpy(it->pending, data, length);
  it->length = length;
  it->start = 0;
  return 0;
}

static int flush(struct end *it) {
  while (it->length > 0) {
    ssize_t written = send(it->watch.fd, it->pending + it->start, it->length, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN ? 0 : -1;
    it->start += (size_t)written;
    it->length -= (size_t)written;
  }
  free(it->pending);
  it->pending = NULL;
  if (it->peer->eof) shutdown(it->watch.fd, SHUT_WR);
  return 0;
}

static int pump(struct end *from) {
  struct end *to = from->peer;
  for (int turn = 0; turn < BATCH && !from->eof && to->length == 0; turn++) {
    ssize_t size = recv(from->watch.fd, buffer, sizeof buffer, 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (size == 0) {
      from->eof = 1;
      shutdown(to->watch.fd, SHUT_WR);
    } else if (send_to(to, buffer, (size_t)size) != 0) return -1;
  }
  return 0;
}

static int connected(struct end *it) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(it->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return -1;
  it->connecting = 0;
  return flush(it);
}

static void serve_end(struct end *it, unsigned events) {
  struct connection *connection = it->connection;
  struct end *peer = it->peer;
  if (connection->dead) return;
  int result = 0;
  if (it->connecting) result = connected(it);
  else {
    if (events & EPOLLOUT) result = flush(it);
    if (result == 0 && !peer->connecting && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) result = pump(it);
    if (events & (EPOLLHUP | EPOLLERR)) {
      /* Said again and again, whatever is waited for. Nobody is there to read what the other end might say. */
      it->gone = it->eof;
      it->deaf = 1;
      epoll_ctl(epoll, EPOLL_CTL_DEL, it->watch.fd, NULL);
    }
  }
  int delivered = it->eof && peer->eof && it->length == 0 && peer->length == 0;
  if (result != 0 || delivered || (it->gone && peer->length == 0) || (peer->gone && it->length == 0)) {
    bury(connection);
    return;
  }
  update(it);
  update(peer);
}

static void tune(int fd, int family) {
  int on = 1;
  if (family == AF_UNIX) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* `PROXY TCP4 FROM TO FROM-PORT TO-PORT`, https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.1. */
static int introduce(struct end *target, int client) {
  struct address from = {.size = sizeof from.v6}, to = {.size = sizeof to.v6};
  char line[128], first[INET6_ADDRSTRLEN], second[INET6_ADDRSTRLEN];
  getpeername(client, &from.any, &from.size);
  getsockname(client, &to.any, &to.size);
  int length;
  if (from.any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &from.v4.sin_addr, first, sizeof first);
    inet_ntop(AF_INET, &to.v4.sin_addr, second, sizeof second);
    length = snprintf(line, sizeof line, "PROXY TCP4 %s %s %d %d\r\n", first, second, ntohs(from.v4.sin_port), ntohs(to.v4.sin_port));
  } else if (from.any.sa_family == AF_INET6) {
    int mapped = IN6_IS_ADDR_V4MAPPED(&from.v6.sin6_addr);
    inet_ntop(mapped ? AF_INET : AF_INET6, (char *)&from.v6.sin6_addr + (mapped ? 12 : 0), first, sizeof first);
    inet_ntop(mapped ? AF_INET : AF_INET6, (char *)&to.v6.sin6_addr + (mapped ? 12 : 0), second, sizeof second);
    length = snprintf(line, sizeof line, "PROXY TCP%d %s %s %d %d\r\n", mapped ? 4 : 6, first, second, ntohs(from.v6.sin6_port), ntohs(to.v6.sin6_port));
  } else length = snprintf(line, sizeof line, "PROXY UNKNOWN\r\n");
  target->pending = malloc((size_t)length);
  if (target->pending == NULL) return -1;
  memcpy(target->pending, line, (size_t)length);
  target->length = (size_t)length;
  return 0;
}

static void open_connection(struct listener *listener, int client) {
  struct address *address = &listener->connect;
  struct connection *it = connection_count < max_connections ? calloc(1, sizeof *it) : NULL;
  int target = it == NULL ? -1 : socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (target < 0) {
    close(client);
    free(it);
    return;
  }
  it->client = (struct end){.watch = {END, client}, .connection = it, .peer = &it->target};
  it->target = (struct end){.watch = {END, target}, .connection = it, .peer = &it->client, .connecting = 1};
  it->began = now();
  it->index = connection_count;
  connections[connection_count++] = it;
  tune(client, listener->listen.any.sa_family);
  tune(target, address->any.sa_family);
  struct epoll_event idle = {.events = 0, .data = {.ptr = &it->client}};
  struct epoll_event writable = {.events = EPOLLOUT, .data = {.ptr = &it->target}};
  int refused = connect(target, &address->any, address->size) != 0 && errno != EINPROGRESS;
  if (!refused && proxy_protocol) refused = introduce(&it->target, client) != 0;
  if (refused || epoll_ctl(epoll, EPOLL_CTL_ADD, client, &idle) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, target, &writable) != 0) bury(it);
}

/* Packets */

static void end_session(struct session *it) {
  close(it->watch.fd);
  struct session *last = &sessions[--session_count];
  if (it == last) return;
  *it = *last;
  struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = it}};
  epoll_ctl(epoll, EPOLL_CTL_MOD, it->watch.fd, &event);
}

static struct session *find_session(struct listener *listener, const struct address *client) {
  struct session *oldest = NULL;
  for (struct session *it = sessions; it < sessions + session_count; it++) {
    if (it->listener == listener && it->client.size == client->size && memcmp(&it->client.any, &client->any, client->size) == 0) return it;
    if (oldest == NULL || it->used < oldest->used) oldest = it;
  }
  if (session_count == MAX_SESSIONS) end_session(oldest);
  struct address *to = &listener->connect;
  struct session fresh = {.listener = listener, .client = *client};
  fresh.watch.kind = SESSION;
  fresh.watch.fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fresh.watch.fd < 0) return NULL;
  struct session *it = &sessions[session_count];
  struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = it}};
  if (connect(fresh.watch.fd, &to->any, to->size) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fresh.watch.fd, &event) != 0) {
    close(fresh.watch.fd);
    return NULL;
  }
  *it = fresh;
  session_count++;
  return it;
}

static void serve_packets(struct listener *listener) {
  for (int turn = 0; turn < BATCH; turn++) {
    struct address client = {.size = sizeof client.v6};
    ssize_t size = recvfrom(listener->watch.fd, buffer, sizeof buffer, 0, &client.any, &client.size);
    if (size < 0) return;
    struct session *it = find_session(listener, &client);
    if (it == NULL) continue;
    it->used = now();
    send(it->watch.fd, buffer, (size_t)size, MSG_NOSIGNAL);
  }
}

static void serve_session(struct session *it) {
  for (int turn = 0; turn < BATCH; turn++) {
    ssize_t size = recv(it->watch.fd, buffer, sizeof buffer, 0);
    if (size < 0) return;
    it->used = now();
    sendto(it->listener->watch.fd, buffer, (size_t)size, MSG_NOSIGNAL, &it->client.any, it->client.size);
  }
}

/* All together */

static void serve_listener(struct listener *it) {
  if (it->listen.type == SOCK_DGRAM) {
    serve_packets(it);
    return;
  }
  for (int turn = 0; turn < BATCH; turn++) {
    int client = accept4(it->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    open_connection(it, client);
  }
}

static void sweep(time_t time) {
  for (int index = session_count - 1; index >= 0; index--) {
    if (time - sessions[index].used > SESSION_IDLE_SECONDS) end_session(&sessions[index]);
  }
  for (int index = connection_count - 1; index >= 0; index--) {
    struct connection *it = connections[index];
    if (it->target.connecting && time - it->began > CONNECT_SECONDS) bury(it);
  }
}

static void relay(void) {
  struct watch init = {INIT, INIT_FD};
  watch(&init, EPOLLIN);
  time_t swept = now();
  for (;;) {
    /* One event for each session a round: ending one moves another in the table. */
    struct epoll_event events[BATCH];
    int idle = session_count == 0 && connection_count == 0;
    int count = epoll_wait(epoll, events, session_count > 0 ? 1 : BATCH, idle ? -1 : SWEEP_MS);
    for (int index = 0; index < count; index++) {
      struct watch *it = events[index].data.ptr;
      if (it->kind == INIT) exit(0);
      if (it->kind == LISTENER) serve_listener((struct listener *)it);
      if (it->kind == END) serve_end((struct end *)it, events[index].events);
      if (it->kind == SESSION) serve_session((struct session *)it);
    }
    free_dead();
    if (now() - swept >= SWEEP_MS / 1000) {
      swept = now();
      sweep(swept);
    }
  }
}

static void set_up(int argc, char **argv) {
  proxy_protocol = (int)number(argv[2], 10, 1);
  int inside = (int)number(argv[3], 10, 1);
  uid_t uid = (uid_t)number(argv[4], 10, UINT32_MAX - 1), socket_uid = (uid_t)number(argv[6], 10, UINT32_MAX - 1);
  gid_t gid = (gid_t)number(argv[5], 10, UINT32_MAX - 1), socket_gid = (gid_t)number(argv[7], 10, UINT32_MAX - 1);
  mode_t mode = (mode_t)number(argv[8], 8, 0777);
  listener_count = (argc - OPTIONS) / 6;
  if (listener_count > MAX_LISTENERS) {
    errno = E2BIG;
    fail("listening on", "so many addresses");
  }
  for (int index = 0; index < listener_count; index++) {
    parse_address(&listeners[index].listen, argv + OPTIONS + 6 * index);
    parse_address(&listeners[index].connect, argv + OPTIONS + 6 * index + 3);
  }
  if (write(CGROUP_FD, "0", 1) != 1) fail("joining", "a cgroup");
  signal(SIGPIPE, SIG_IGN);
  nothing = open("/dev/null", O_RDWR | O_CLOEXEC); /* while it is the host's */
  if (nothing < 0) fail("opening", "/dev/null");
  epoll = epoll_create1(EPOLL_CLOEXEC);
  enter(LISTEN_NET, LISTEN_MOUNTS, "the listening side");
  for (int index = 0; index < listener_count; index++) {
    listen_on(&listeners[index], inside, socket_uid, socket_gid, mode);
    watch(&listeners[index].watch, EPOLLIN);
  }
  enter(CONNECT_NET, CONNECT_MOUNTS, "the connecting side");
  drop_rights(uid, gid);
}

int main(int argc, char **argv) {
  prctl(PR_SET_DUMPABLE, 0);
  if (argc == 6 && strcmp(argv[1], "unlink") == 0) {
    struct address address;
    char *words[] = {"unix", argv[2], "0"};
    parse_address(&address, words);
    if (setns(LISTEN_MOUNTS, CLONE_NEWNS) != 0) fail("entering the files of", "the listening side");
    act_as((int)number(argv[3], 10, 1), (uid_t)number(argv[4], 10, UINT32_MAX - 1), (gid_t)number(argv[5], 10, UINT32_MAX - 1));
    if (is_path(&address)) unlink_stale(&address);
    return 0;
  }
  if (argc < OPTIONS + 6 || strcmp(argv[1], "run") != 0 || (argc - OPTIONS) % 6 != 0) return 2;
  set_up(argc, argv);
  pid_t child = fork();
  if (child < 0) fail("starting", "the relay");
  if (child > 0) _exit(0);
  setsid();
  if (chdir("/") != 0) return 1;
  for (int fd = 0; fd < 3; fd++) dup2(nothing, fd);
  for (int fd = LISTEN_NET; fd < FIRST_FREE; fd++) {
    if (fd != INIT_FD) close(fd);
  }
  relay();
}
