/* Stands in for two functions of glibc, in the static binary alone: a static binary loads nothing at run time, and finds nothing by its name. */

#include <stddef.h>
#include <string.h>
#include <sys/random.h>

/* Loads a library. A static binary that looks a host up would load what /etc/nsswitch.conf names besides "files" and "dns" (resolve, myhostname, mdns4), and these
 * libraries bring the machine's own glibc along. Where that is another version, the two of them in one process crash. So none is loaded: glibc goes on with the next
 * word of the line, and files and DNS are a part of the binary. */
void *__wrap___libc_dlopen_mode(const char *name, int mode) {
    (void)name;
    (void)mode;
    return NULL;
}

/* Finds a function. The crate getrandom asks for one alone, since an old glibc has none; without it, it would read /dev/urandom, which is not there in every root. */
void *__wrap_dlsym(void *handle, const char *name) {
    (void)handle;
    return strcmp(name, "getrandom") == 0 ? (void *)getrandom : NULL;
}
