/* The functions of the C library that the program which runs an image defines in their place, to keep the input log
 * (input_log.h). An image that defines one of them itself hides it from the log.
 */
#ifndef DYAD_BACKENDS_ABI_INTERPOSED_H_
#define DYAD_BACKENDS_ABI_INTERPOSED_H_

/* clang-format off */
/* Those that call the library's function of the same name. */
#define DYAD_INTERPOSED_FUNCTIONS(X)                                                                                  \
  X(access) X(bindtextdomain) X(canonicalize_file_name) X(catopen) X(chdir) X(chmod) X(chown) X(chroot) X(creat)      \
  X(creat64) X(ctime) X(ctime_r) X(dlclose) X(dlmopen) X(dlopen) X(dlsym) X(eaccess) X(euidaccess) X(execv)           \
  X(execve) X(execveat) X(execvp) X(execvpe) X(faccessat) X(fchdir) X(fchmodat) X(fchownat) X(fdopendir)              \
  X(fexecve) X(fopen) X(fopen64) X(freopen) X(freopen64) X(fstatat) X(fstatat64) X(ftok) X(fts64_open) X(fts_open)    \
  X(ftw) X(ftw64) X(get_current_dir_name) X(getaddrinfo) X(getaliasbyname) X(getaliasbyname_r) X(getaliasent)         \
  X(getaliasent_r) X(getdents64) X(getenv) X(getfsent) X(getfsfile) X(getfsspec) X(getgrent) X(getgrent_r)            \
  X(getgrgid) X(getgrgid_r) X(getgrnam) X(getgrnam_r) X(getgrouplist) X(gethostbyaddr) X(gethostbyaddr_r)             \
  X(gethostbyname) X(gethostbyname2) X(gethostbyname2_r) X(gethostbyname_r) X(gethostent) X(gethostent_r)             \
  X(getifaddrs) X(getnameinfo) X(getnetbyaddr) X(getnetbyaddr_r) X(getnetbyname) X(getnetbyname_r) X(getnetent)       \
  X(getnetent_r) X(getprotobyname) X(getprotobyname_r) X(getprotobynumber) X(getprotobynumber_r) X(getprotoent)       \
  X(getprotoent_r) X(getpw) X(getpwent) X(getpwent_r) X(getpwnam) X(getpwnam_r) X(getpwuid) X(getpwuid_r)             \
  X(getrpcbyname) X(getrpcbyname_r) X(getrpcbynumber) X(getrpcbynumber_r) X(getrpcent) X(getrpcent_r)                 \
  X(getservbyname) X(getservbyname_r) X(getservbyport) X(getservbyport_r) X(getservent) X(getservent_r)               \
  X(getsgent) X(getsgent_r) X(getsgnam) X(getsgnam_r) X(getspent) X(getspent_r) X(getspnam) X(getspnam_r)             \
  X(getusershell) X(getxattr) X(glob) X(glob64) X(iconv_open) X(if_nameindex) X(initgroups) X(innetgr)                \
  X(inotify_add_watch) X(lchown) X(lgetxattr) X(link) X(linkat) X(listxattr) X(llistxattr) X(localtime)               \
  X(localtime_r) X(lstat) X(lstat64) X(lutimes) X(mkdir) X(mkdirat) X(mkdtemp) X(mkfifo) X(mkfifoat) X(mknod)         \
  X(mknodat) X(mkostemp) X(mkostemp64) X(mkostemps) X(mkostemps64) X(mkstemp) X(mkstemp64) X(mkstemps)                \
  X(mkstemps64) X(mktime) X(mount) X(newlocale) X(nftw) X(nftw64) X(open) X(open64) X(open_by_handle_at) X(openat)    \
  X(openat64) X(opendir) X(pathconf) X(popen) X(posix_spawn) X(posix_spawnp) X(pthread_create) X(readlink) X(readlinkat) X(realpath)    \
  X(remove) X(rename) X(renameat) X(renameat2) X(rmdir) X(scandir) X(scandir64) X(scandirat) X(scandirat64)           \
  X(secure_getenv) X(setenv) X(setlocale) X(setmntent) X(setnetgrent) X(setns) X(socket) X(stat) X(stat64)            \
  X(statfs) X(statfs64) X(statvfs) X(statvfs64) X(statx) X(strftime) X(strftime_l) X(strptime) X(symlink)             \
  X(symlinkat) X(syscall) X(system) X(tempnam) X(timelocal) X(truncate) X(truncate64) X(tzset) X(umount)              \
  X(umount2) X(unlink) X(unlinkat) X(unshare) X(utime) X(utimensat) X(utimes) X(wcsftime) X(wcsftime_l) X(wordexp)

/* Those that are made from others: variadic forms, and the names by which headers old and hardened call them. */
#define DYAD_INTERPOSED_FORMS(X)                                                                                      \
  X(_IO_fopen) X(__fxstatat) X(__fxstatat64) X(__lxstat) X(__lxstat64) X(__newlocale) X(__open) X(__open64)           \
  X(__open64_2) X(__open_2) X(__openat64_2) X(__openat_2) X(__readlink_chk) X(__readlinkat_chk) X(__realpath_chk)     \
  X(__setmntent) X(__strftime_l) X(__wcsftime_l) X(__xstat) X(__xstat64) X(execl) X(execle) X(execlp)
/* clang-format on */

#endif
