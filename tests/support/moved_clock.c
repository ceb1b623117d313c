/* Moves the wall clock of the programs that preload this, while they run too, as a laptop's sleep does.

   MOVED_CLOCK names a file of moves in the order of time: from which real moment on the clock is how far ahead. Moments
   of files are told by the move that held when they were written. What counts since the boot stays as it is: sleeps,
   timeouts, the start times of processes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };
static const struct { int64_t from_ns, by_s; } unmoved[MOST] = {{0, 0}}, (*moves)[MOST] = &unmoved;

__attribute__((constructor)) static void open_moves(void) {
  const char *path = getenv("MOVED_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *shared = mmap(NULL, sizeof *moves, PROT_READ, MAP_SHARED, file, 0);
  if (shared != MAP_FAILED) moves = shared;
  close(file);
}

static int64_t by_s(int64_t real_s, int64_t real_ns) {
  int last = 0;
  while (last + 1 < MOST && (*moves)[last + 1].from_ns && (*moves)[last + 1].from_ns <= real_s * 1000000000 + real_ns)
    last++;
  return (*moves)[last].by_s;
}

static void move(struct timespec *at) { at->tv_sec += by_s(at->tv_sec, at->tv_nsec); }

int clock_gettime(clockid_t clock, struct timespec *at) {
  int failed = syscall(SYS_clock_gettime, clock, at);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) move(at);
  return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  int failed = syscall(SYS_gettimeofday, at, zone);
  if (!failed) at->tv_sec += by_s(at->tv_sec, at->tv_usec * 1000);
  return failed;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}

/* Passes a call on to the system's own function of that name. */
#define REAL(name, ...)                                              \
  static int (*real)(__VA_ARGS__);                                   \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)

/* Some Pythons wait for a lock until a moment of the wall clock, and the kernel knows the real one only. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
  REAL("sem_timedwait", sem_t *, const struct timespec *);
  struct timespec now, real_until = *until;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  real_until.tv_sec -= by_s(now.tv_sec, now.tv_nsec);
  return real(semaphore, &real_until);
}

#define MOVE_FILE(failed, at) \
  if (!(failed)) move(&(at)->st_atim), move(&(at)->st_mtim), move(&(at)->st_ctim)
#define BY_PATH(name, type)                              \
  int name(const char *restrict path, type *restrict at) { \
    REAL(#name, const char *, type *);                   \
    int failed = real(path, at);                         \
    MOVE_FILE(failed, at);                               \
    return failed;                                       \
  }
#define BY_FILE(name, type)             \
  int name(int file, type *at) {        \
    REAL(#name, int, type *);           \
    int failed = real(file, at);        \
    MOVE_FILE(failed, at);              \
    return failed;                      \
  }
#define BELOW(name, type)                                                               \
  int name(int folder, const char *restrict path, type *restrict at, int flags) {       \
    REAL(#name, int, const char *, type *, int);                                        \
    int failed = real(folder, path, at, flags);                                         \
    MOVE_FILE(failed, at);                                                              \
    return failed;                                                                      \
  }

BY_PATH(stat, struct stat)
BY_PATH(lstat, struct stat)
BY_FILE(fstat, struct stat)
BELOW(fstatat, struct stat)
BY_PATH(stat64, struct stat64)
BY_PATH(lstat64, struct stat64)
BY_FILE(fstat64, struct stat64)
BELOW(fstatat64, struct stat64)
