/* A clock that somebody sets again and again: every call of it jumps by up to an hour, forward or back. Only the time of day: what is
   monotonic stays so, as on a real system. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

static atomic_ulong calls;

static time_t jump(void) {
  /* Of a fixed series, a new one every few calls. */
  unsigned long n = atomic_fetch_add(&calls, 1) / 7;
  return (time_t)((n * 2654435761UL >> 7) % 7200) - 3600;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += jump();
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  static int (*real)(struct timeval *, void *);
  if (!real) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(now, zone);
  if (result == 0) now->tv_sec += jump();
  return result;
}
