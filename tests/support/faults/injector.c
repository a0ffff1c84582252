/* A library for LD_PRELOAD: fails the n-th call that touches given folders, or logs what is changed.
 *
 * What it is to do stands in a file that tests and processes map, whose path is in the environment:
 * parent and workers count together, and a worker that may open nothing still counts. A file has
 * several slots, so that several programs may be tried at once.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FOLDERS 4
#define PATH_SIZE 1024

/* tests/support/faults/control.py has the same layout. */
struct slot {
    int is_armed;           /* count calls */
    int is_logged;          /* log changes */
    int error;              /* the errno that a call fails with */
    int is_hit;             /* whether one has failed */
    long fail_at;           /* which, from 1 */
    long count;             /* calls so far */
    char folders[FOLDERS][PATH_SIZE];
    char failed[PATH_SIZE]; /* the call that failed, and its path */
};

struct record { /* of the log; then the paths and the data follow */
    unsigned int operation, first_length, second_length, data_length;
    unsigned long inode, device;
    long offset;
};

static struct slot *slots;
static int log_file = -1;
static __thread int is_busy; /* this library's own calls are not its business */

static long (*real_syscall)(long, ...);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BATCHDIGITS_FAULT_CONTROL");
    char log_path[PATH_SIZE];
    struct stat status;
    int file;
    if (!real_syscall)
        real_syscall = dlsym(RTLD_NEXT, "syscall");
    if (!path || slots)
        return;
    is_busy = 1;
    file = real_syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (file >= 0 && !real_syscall(SYS_fstat, file, &status)) {
        void *map = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        slots = map == MAP_FAILED ? NULL : map;
        real_syscall(SYS_close, file);
    }
    snprintf(log_path, sizeof log_path, "%s.log", path);
    file = real_syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    if (file >= 0) { /* out of the way of numbers that the program may expect */
        log_file = real_syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, 700);
        real_syscall(SYS_close, file);
    }
    is_busy = 0;
}

static struct slot *get_slot(void) {
    const char *number = slots ? getenv("BATCHDIGITS_FAULT_SLOT") : NULL;
    struct slot *slot = number ? slots + atoi(number) : NULL;
    return slot && (slot->is_armed || slot->is_logged) ? slot : NULL;
}

static int is_watched(const struct slot *slot, const char *path) {
    for (int i = 0; i < FOLDERS; i++) {
        size_t length = strlen(slot->folders[i]);
        if (length && !strncmp(path, slot->folders[i], length) &&
            (!path[length] || path[length] == '/'))
            return 1;
    }
    return 0;
}

/* Write the whole path of what is called `path` in `folder`, or of an open file where that is "". */
static int find_path(int folder, const char *path, char *whole) {
    char link[64];
    long length = 0;
    if (!path)
        return 0;
    if (*path != '/') {
        if (folder == AT_FDCWD)
            strcpy(link, "/proc/self/cwd");
        else
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = real_syscall(SYS_readlinkat, AT_FDCWD, link, whole, PATH_SIZE - 1);
        if (length < 0)
            return 0;
        if (*path && strcmp(path, "."))
            whole[length++] = '/';
        else
            path = "";
    }
    if (length + strlen(path) >= PATH_SIZE)
        return 0;
    strcpy(whole + length, path);
    return 1;
}

/* Count a call; return whether it is to fail. */
static int fails(const char *call, int folder, const char *path) {
    int saved = errno;
    char whole[PATH_SIZE];
    struct slot *slot;
    if (is_busy || !(slot = get_slot()) || !slot->is_armed)
        return 0;
    if (!find_path(folder, path, whole) || !is_watched(slot, whole)) {
        errno = saved;
        return 0;
    }
    errno = saved;
    if (__atomic_add_fetch(&slot->count, 1, __ATOMIC_SEQ_CST) != slot->fail_at)
        return 0;
    slot->is_hit = 1;
    snprintf(slot->failed, PATH_SIZE, "%s %.900s", call, whole);
    errno = slot->error;
    return 1;
}

static int is_logged(void) {
    struct slot *slot = is_busy ? NULL : get_slot();
    return slot && slot->is_logged && log_file >= 0;
}

enum { WRITE = 1, TRUNCATE, SYNC, CREATE, MKDIR, LINK, RENAME, UNLINK };

static void put_log(int operation, const char *first, const char *second, const struct stat *status,
                    long offset, const void *data, size_t size) {
    struct record record = {operation, strlen(first), strlen(second), size,
                            status ? status->st_ino : 0, status ? status->st_dev : 0, offset};
    struct iovec parts[] = {{&record, sizeof record},
                            {(void *)first, record.first_length},
                            {(void *)second, record.second_length},
                            {(void *)data, size}};
    real_syscall(SYS_writev, log_file, parts, 4);
}

static void log_open_file(int operation, int file, long offset, const void *data, size_t size) {
    int saved = errno;
    char path[PATH_SIZE];
    struct stat status;
    if (is_logged() && find_path(file, "", path) && is_watched(get_slot(), path) &&
        !real_syscall(SYS_fstat, file, &status))
        put_log(operation, path, "", &status, offset, data, size);
    errno = saved;
}

static void log_names(int operation, int folder, const char *name, int other, const char *target) {
    int saved = errno;
    char first[PATH_SIZE], second[PATH_SIZE] = "";
    if (is_logged() && find_path(folder, name, first) &&
        (!target || find_path(other, target, second)) &&
        (is_watched(get_slot(), first) || is_watched(get_slot(), second)))
        put_log(operation, first, second, NULL, 0, "", 0);
    errno = saved;
}

static int exists(int folder, const char *path) {
    struct stat status;
    return !real_syscall(SYS_newfstatat, folder, path, &status, AT_SYMLINK_NOFOLLOW);
}

#define REAL(type, name, ...)                                                                      \
    static type (*real)(__VA_ARGS__);                                                              \
    if (!real)                                                                                     \
        real = dlsym(RTLD_NEXT, #name);

static int open_logged(int folder, const char *path, int flags, mode_t mode) {
    int is_new = is_logged() && flags & O_CREAT && (flags & O_TMPFILE) != O_TMPFILE &&
                 !exists(folder, path);
    int file = real_syscall(SYS_openat, folder, path, flags, mode);
    if (file >= 0 && is_new)
        log_open_file(CREATE, file, 0, "", 0);
    else if (file >= 0 && flags & O_TRUNC)
        log_open_file(TRUNCATE, file, 0, "", 0);
    return file;
}

static mode_t get_mode(int flags, va_list list) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        mode_t mode = get_mode(flags, list);                                                       \
        va_end(list);                                                                              \
        return fails("open", AT_FDCWD, path) ? -1 : open_logged(AT_FDCWD, path, flags, mode);      \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                               \
    int name(int folder, const char *path, int flags, ...) {                                       \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        mode_t mode = get_mode(flags, list);                                                       \
        va_end(list);                                                                              \
        return fails("openat", folder, path) ? -1 : open_logged(folder, path, flags, mode);        \
    }
OPENAT(openat)
OPENAT(openat64)

/* What programs call that were compiled with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open(path, flags); }
int __openat_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }

long syscall(long number, ...) {
    long parts[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        parts[i] = va_arg(list, long);
    va_end(list);
    if (!real_syscall)
        real_syscall = dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_openat2) {
        const char *path = (const char *)parts[1];
        const struct open_how *how = (const struct open_how *)parts[2];
        if (fails("openat2", (int)parts[0], path))
            return -1;
        int is_new = is_logged() && how->flags & O_CREAT && !exists((int)parts[0], path);
        long file = real_syscall(number, parts[0], parts[1], parts[2], parts[3]);
        if (file >= 0 && is_new)
            log_open_file(CREATE, file, 0, "", 0);
        else if (file >= 0 && how->flags & O_TRUNC)
            log_open_file(TRUNCATE, file, 0, "", 0);
        return file;
    }
    return real_syscall(number, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
}

ssize_t read(int file, void *data, size_t size) {
    REAL(ssize_t, read, int, void *, size_t)
    return fails("read", file, "") ? -1 : real(file, data, size);
}

ssize_t pread(int file, void *data, size_t size, off_t offset) {
    REAL(ssize_t, pread, int, void *, size_t, off_t)
    return fails("pread", file, "") ? -1 : real(file, data, size, offset);
}

ssize_t pread64(int file, void *data, size_t size, off_t offset) {
    return pread(file, data, size, offset);
}

ssize_t __read_chk(int file, void *data, size_t size, size_t room) {
    (void)room;
    return read(file, data, size);
}

ssize_t __pread64_chk(int file, void *data, size_t size, off_t offset, size_t room) {
    (void)room;
    return pread(file, data, size, offset);
}

ssize_t write(int file, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t)
    if (fails("write", file, ""))
        return -1;
    ssize_t written = real(file, data, size);
    if (written > 0 && is_logged()) {
        int saved = errno;
        log_open_file(WRITE, file, real_syscall(SYS_lseek, file, 0, SEEK_CUR) - written, data,
                      written);
        errno = saved;
    }
    return written;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
    if (fails("pwrite", file, ""))
        return -1;
    ssize_t written = real(file, data, size, offset);
    if (written > 0)
        log_open_file(WRITE, file, offset, data, written);
    return written;
}

ssize_t pwrite64(int file, const void *data, size_t size, off_t offset) {
    return pwrite(file, data, size, offset);
}

#define SYNC_CALL(name)                                                                            \
    int name(int file) {                                                                           \
        REAL(int, name, int)                                                                       \
        int result = fails(#name, file, "") ? -1 : real(file);                                     \
        if (!result)                                                                               \
            log_open_file(SYNC, file, 0, "", 0);                                                   \
        return result;                                                                             \
    }
SYNC_CALL(fsync)
SYNC_CALL(fdatasync)

int ftruncate(int file, off_t size) {
    REAL(int, ftruncate, int, off_t)
    int result = fails("ftruncate", file, "") ? -1 : real(file, size);
    if (!result)
        log_open_file(TRUNCATE, file, size, "", 0);
    return result;
}

int ftruncate64(int file, off_t size) { return ftruncate(file, size); }

static int rename_logged(int folder, const char *name, int other, const char *target,
                         unsigned int flags) {
    if (fails("rename", folder, name))
        return -1;
    int result = real_syscall(SYS_renameat2, folder, name, other, target, flags);
    if (!result)
        log_names(RENAME, folder, name, other, target);
    return result;
}

int rename(const char *name, const char *target) {
    return rename_logged(AT_FDCWD, name, AT_FDCWD, target, 0);
}

int renameat(int folder, const char *name, int other, const char *target) {
    return rename_logged(folder, name, other, target, 0);
}

int renameat2(int folder, const char *name, int other, const char *target, unsigned int flags) {
    return rename_logged(folder, name, other, target, flags);
}

int linkat(int folder, const char *name, int other, const char *target, int flags) {
    if (fails("link", other, target))
        return -1;
    int result = real_syscall(SYS_linkat, folder, name, other, target, flags);
    if (!result)
        log_names(LINK, folder, name, other, target);
    return result;
}

int link(const char *name, const char *target) {
    return linkat(AT_FDCWD, name, AT_FDCWD, target, 0);
}

int unlinkat(int folder, const char *name, int flags) {
    if (fails("unlink", folder, name))
        return -1;
    int result = real_syscall(SYS_unlinkat, folder, name, flags);
    if (!result)
        log_names(UNLINK, folder, name, 0, NULL);
    return result;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int mkdirat(int folder, const char *name, mode_t mode) {
    if (fails("mkdir", folder, name))
        return -1;
    int result = real_syscall(SYS_mkdirat, folder, name, mode);
    if (!result)
        log_names(MKDIR, folder, name, 0, NULL);
    return result;
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int fstatat(int folder, const char *path, struct stat *status, int flags) {
    return fails("stat", folder, path) ? -1
                                       : real_syscall(SYS_newfstatat, folder, path, status, flags);
}

int fstatat64(int folder, const char *path, struct stat64 *status, int flags) {
    return fstatat(folder, path, (struct stat *)status, flags);
}

int stat(const char *path, struct stat *status) { return fstatat(AT_FDCWD, path, status, 0); }

int stat64(const char *path, struct stat64 *status) {
    return fstatat(AT_FDCWD, path, (struct stat *)status, 0);
}

int lstat(const char *path, struct stat *status) {
    return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

int lstat64(const char *path, struct stat64 *status) {
    return fstatat(AT_FDCWD, path, (struct stat *)status, AT_SYMLINK_NOFOLLOW);
}

int fstat(int file, struct stat *status) {
    return fails("fstat", file, "") ? -1 : real_syscall(SYS_fstat, file, status);
}

int fstat64(int file, struct stat64 *status) { return fstat(file, (struct stat *)status); }

/* What programs call that were compiled for an older C library. */
int __xstat(int version, const char *path, struct stat *status) {
    (void)version;
    return stat(path, status);
}
int __xstat64(int version, const char *path, struct stat64 *status) {
    (void)version;
    return stat64(path, status);
}
int __lxstat(int version, const char *path, struct stat *status) {
    (void)version;
    return lstat(path, status);
}
int __lxstat64(int version, const char *path, struct stat64 *status) {
    (void)version;
    return lstat64(path, status);
}
int __fxstat(int version, int file, struct stat *status) {
    (void)version;
    return fstat(file, status);
}
int __fxstat64(int version, int file, struct stat64 *status) {
    (void)version;
    return fstat64(file, status);
}

int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *status) {
    return fails("statx", folder, path) ? -1
                                        : real_syscall(SYS_statx, folder, path, flags, mask, status);
}

int fcntl(int file, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return fails("fcntl", file, "") ? -1 : real_syscall(SYS_fcntl, file, command, argument);
}

int fcntl64(int file, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return fcntl(file, command, argument);
}

int flock(int file, int operation) {
    return fails("flock", file, "") ? -1 : real_syscall(SYS_flock, file, operation);
}

DIR *opendir(const char *path) {
    REAL(DIR *, opendir, const char *)
    return fails("opendir", AT_FDCWD, path) ? NULL : real(path);
}

struct dirent *readdir(DIR *folder) {
    REAL(struct dirent *, readdir, DIR *)
    return fails("readdir", dirfd(folder), "") ? NULL : real(folder);
}

struct dirent64 *readdir64(DIR *folder) { return (struct dirent64 *)readdir(folder); }
