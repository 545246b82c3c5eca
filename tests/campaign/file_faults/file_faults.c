/* Preloaded into a run: it counts the calls that change files under one folder, in one order for all threads, notes
 * them, and kills the process before or after the n-th, or lets calls fail as a full or broken disk does.
 *
 * A note is a line of fields separated by tabs, then `length` bytes of content:
 *   operation, inode, offset, length, path, second path
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX];
static size_t root_length;
static long count, kill_at, fail_from, fail_until, room;
static int kill_after, failure, notes = -1;
static pthread_mutex_t turn;

/* Watch a folder. The call `kill_at` (from 1; 0: none) is the last one, done or not; calls from `fail_from` to
 * `fail_until` fail with the error `failure`; so do writes once `room` bytes are written (-1: no bound). */
void watch_files(const char *folder, const char *notes_path, long kill_call, int done, long first, long last,
                 int error, long bytes) {
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&turn, &kind);
  count = 0;
  kill_at = kill_call;
  kill_after = done;
  fail_from = first;
  fail_until = last;
  failure = error;
  room = bytes;
  notes = *notes_path ? syscall(SYS_openat, AT_FDCWD, notes_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
  snprintf(root, sizeof root, "%s", folder);
  root_length = strlen(root);
}

static int is_ours(const char *path) {
  return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static void name_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = 0;
}

static void resolve(int folder, const char *given, char *path) {
  char base[PATH_MAX];
  if (!given || *given == '/') {
    snprintf(path, PATH_MAX, "%s", given ? given : "");
    return;
  }
  if (folder == AT_FDCWD) {
    if (!getcwd(base, sizeof base)) *base = 0;
  } else
    name_of(folder, base);
  if (snprintf(path, PATH_MAX, "%s/%s", base, given) >= PATH_MAX) *path = 0;
}

static void note(const char *operation, ino_t inode, off_t offset, const struct iovec *parts, int n_parts, size_t length,
                 const char *first, const char *second) {
  if (notes < 0) return;
  char head[2 * PATH_MAX + 128];
  int size = snprintf(head, sizeof head, "%s\t%lu\t%ld\t%zu\t%s\t%s\n", operation, (unsigned long)inode, (long)offset,
                      parts ? length : 0, first, second);
  syscall(SYS_write, notes, head, size);
  for (int part = 0; parts && part < n_parts && length; part++) {
    size_t share = parts[part].iov_len < length ? parts[part].iov_len : length;
    syscall(SYS_write, notes, parts[part].iov_base, share);
    length -= share;
  }
}

/* Begin a counted call; return -1 with errno where it fails. The turn is held until `after`. */
static int before(void) {
  count++;
  if (count == kill_at && !kill_after) kill(getpid(), SIGKILL);
  if (fail_from && count >= fail_from && count <= fail_until) {
    errno = failure;
    return -1;
  }
  return 0;
}

static void after(void) {
  int error = errno;
  if (count == kill_at && kill_after) kill(getpid(), SIGKILL);
  pthread_mutex_unlock(&turn);
  errno = error;
}

static ino_t inode_of(int fd) {
  struct stat state;
  return fstat(fd, &state) ? 0 : state.st_ino;
}

static ino_t inode_at(const char *path) {
  struct stat state;
  return lstat(path, &state) ? 0 : state.st_ino;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* --- opening: only what creates or empties a file counts --- */

static int open_counted(const char *symbol, int folder, const char *given, int flags, mode_t mode) {
  char path[PATH_MAX];
  struct stat state;
  resolve(folder, given, path);
  int (*real)(int, const char *, int, ...) = dlsym(RTLD_NEXT, symbol);
  if (!is_ours(path) || !(flags & (O_CREAT | O_TRUNC))) return real(folder, given, flags, mode);
  pthread_mutex_lock(&turn);
  int existed = !stat(path, &state);
  int changes = existed ? (flags & O_TRUNC) && state.st_size : flags & O_CREAT;
  if (!changes) {
    int fd = real(folder, given, flags, mode);
    int error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return fd;
  }
  int fd = -1;
  if (!before()) {
    fd = real(folder, given, flags, mode);
    if (fd >= 0) note(existed ? "truncate" : "create", inode_of(fd), 0, NULL, 0, 0, path, "");
  }
  after();
  return fd;
}

#define MODE                                    \
  mode_t mode = 0;                              \
  if (flags & (O_CREAT | O_TMPFILE)) {          \
    va_list rest;                               \
    va_start(rest, flags);                      \
    mode = va_arg(rest, mode_t);                \
    va_end(rest);                               \
  }

int open(const char *path, int flags, ...) { MODE return open_counted("openat", AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_counted("openat64", AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE return open_counted("openat", folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) {
  MODE return open_counted("openat64", folder, path, flags, mode);
}
int creat(const char *path, mode_t mode) {
  return open_counted("openat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) {
  return open_counted("openat64", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* --- writing --- */

static size_t total(const struct iovec *parts, int n_parts) {
  size_t length = 0;
  for (int part = 0; part < n_parts; part++) length += parts[part].iov_len;
  return length;
}

/* `offset` is -1 for a write at the file's own place. */
static ssize_t write_counted(int fd, const struct iovec *parts, int n_parts, off_t offset) {
  char path[PATH_MAX];
  ssize_t (*real)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");
  ssize_t (*real_at)(int, const struct iovec *, int, off_t) = dlsym(RTLD_NEXT, "pwritev");
  if (root_length) name_of(fd, path);
  if (!root_length || !is_ours(path) || fd == notes)
    return offset < 0 ? real(fd, parts, n_parts) : real_at(fd, parts, n_parts, offset);
  pthread_mutex_lock(&turn);
  struct stat state = {0};
  fstat(fd, &state);
  off_t place = offset >= 0 ? offset : (fcntl(fd, F_GETFL) & O_APPEND) ? state.st_size : lseek(fd, 0, SEEK_CUR);
  ssize_t written = -1;
  if (!before()) {
    long length = total(parts, n_parts);
    if (room >= 0 && length > room)
      errno = failure;
    else {
      written = offset < 0 ? real(fd, parts, n_parts) : real_at(fd, parts, n_parts, offset);
      if (room >= 0 && written > 0) room -= written;
      if (written >= 0) note("write", state.st_ino, place, parts, n_parts, written, path, "");
    }
  }
  after();
  return written;
}

ssize_t write(int fd, const void *content, size_t length) {
  struct iovec part = {(void *)content, length};
  return write_counted(fd, &part, 1, -1);
}
ssize_t pwrite(int fd, const void *content, size_t length, off_t offset) {
  struct iovec part = {(void *)content, length};
  return write_counted(fd, &part, 1, offset);
}
ssize_t pwrite64(int fd, const void *content, size_t length, off64_t offset) {
  struct iovec part = {(void *)content, length};
  return write_counted(fd, &part, 1, offset);
}
ssize_t writev(int fd, const struct iovec *parts, int n_parts) { return write_counted(fd, parts, n_parts, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t offset) { return write_counted(fd, parts, n, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t offset) {
  return write_counted(fd, parts, n, offset);
}
/* Refused, so that whoever copies a file within the kernel writes it instead. */
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t length, unsigned int flags) {
  if (!root_length) return REAL(copy_file_range)(from, at, to, there, length, flags);
  errno = EXDEV;
  return -1;
}
ssize_t sendfile(int to, int from, off_t *at, size_t length) {
  ssize_t (*real)(int, int, off_t *, size_t) = dlsym(RTLD_NEXT, "sendfile");
  char path[PATH_MAX];
  name_of(to, path);
  if (!is_ours(path)) return real(to, from, at, length);
  errno = EINVAL;
  return -1;
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) { return sendfile(to, from, at, length); }

/* --- everything else: one call, one note --- */

#define COUNTED(ours, call, ...)            \
  if (!(ours)) return call;                 \
  pthread_mutex_lock(&turn);                \
  int result = -1;                          \
  if (!before()) {                          \
    result = call;                          \
    if (!result) note(__VA_ARGS__);         \
  }                                         \
  after();                                  \
  return result;

static int fd_is_ours(int fd, char *path) {
  if (!root_length) return 0;
  name_of(fd, path);
  return is_ours(path);
}

#define ON_FILE(operation, call, offset)                                                         \
  char path[PATH_MAX];                                                                           \
  COUNTED(fd_is_ours(fd, path), call, operation, inode_of(fd), offset, NULL, 0, 0, path, "")

int fsync(int fd) { ON_FILE("sync", REAL(fsync)(fd), 0) }
int fdatasync(int fd) { ON_FILE("sync", REAL(fdatasync)(fd), 0) }
int ftruncate(int fd, off_t length) { ON_FILE("truncate", REAL(ftruncate)(fd, length), length) }
int ftruncate64(int fd, off64_t length) { ON_FILE("truncate", REAL(ftruncate64)(fd, length), length) }

#define ON_PATH(operation, folder, given, call, offset, inode)                                     \
  char path[PATH_MAX];                                                                             \
  resolve(folder, given, path);                                                                    \
  COUNTED(is_ours(path), call, operation, inode, offset, NULL, 0, 0, path, "")

int truncate(const char *given, off_t length) {
  ON_PATH("truncate", AT_FDCWD, given, REAL(truncate)(given, length), length, inode_at(path))
}
int truncate64(const char *given, off64_t length) {
  ON_PATH("truncate", AT_FDCWD, given, REAL(truncate64)(given, length), length, inode_at(path))
}
int mkdir(const char *given, mode_t mode) {
  ON_PATH("mkdir", AT_FDCWD, given, REAL(mkdir)(given, mode), 0, inode_at(path))
}
int mkdirat(int folder, const char *given, mode_t mode) {
  ON_PATH("mkdir", folder, given, REAL(mkdirat)(folder, given, mode), 0, inode_at(path))
}
int unlink(const char *given) { ON_PATH("unlink", AT_FDCWD, given, REAL(unlink)(given), 0, 0) }
int rmdir(const char *given) { ON_PATH("rmdir", AT_FDCWD, given, REAL(rmdir)(given), 0, 0) }
int unlinkat(int folder, const char *given, int flags) {
  ON_PATH(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, given, REAL(unlinkat)(folder, given, flags), 0, 0)
}

#define ON_TWO(operation, from, given, to, target, call)                                           \
  char path[PATH_MAX], second[PATH_MAX];                                                           \
  resolve(from, given, path);                                                                      \
  resolve(to, target, second);                                                                     \
  COUNTED(is_ours(path) || is_ours(second), call, operation, inode_at(second), 0, NULL, 0, 0, path, second)

int rename(const char *given, const char *target) {
  ON_TWO("rename", AT_FDCWD, given, AT_FDCWD, target, REAL(rename)(given, target))
}
int renameat(int from, const char *given, int to, const char *target) {
  ON_TWO("rename", from, given, to, target, REAL(renameat)(from, given, to, target))
}
int renameat2(int from, const char *given, int to, const char *target, unsigned int flags) {
  ON_TWO("rename", from, given, to, target, REAL(renameat2)(from, given, to, target, flags))
}
int link(const char *given, const char *target) {
  ON_TWO("link", AT_FDCWD, given, AT_FDCWD, target, REAL(link)(given, target))
}
int linkat(int from, const char *given, int to, const char *target, int flags) {
  ON_TWO("link", from, given, to, target, REAL(linkat)(from, given, to, target, flags))
}

/* The first path of a symbolic link is its text. */
static int symlink_counted(const char *text, int folder, const char *given) {
  char path[PATH_MAX];
  resolve(folder, given, path);
  COUNTED(is_ours(path), REAL(symlinkat)(text, folder, given), "symlink", inode_at(path), 0, NULL, 0, 0, text, path)
}
int symlink(const char *text, const char *given) { return symlink_counted(text, AT_FDCWD, given); }
int symlinkat(const char *text, int folder, const char *given) { return symlink_counted(text, folder, given); }
