// libstdc++'s reference counts read __libc_single_threaded, which glibc has since 2.32, to save an atomic operation.
// With a definition of our own, always false, the addon asks for no more than glibc 2.28, as Node.js and LibTorch do.

#include <cstdlib>  // defines __GLIBC__ where there is one

#ifdef __GLIBC__
extern "C" {
extern __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;
}
#endif
