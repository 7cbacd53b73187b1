// Interposed: the C library's databases in /etc, that of users first. Which file an entry comes from is said in
// /etc/nsswitch.conf; a library that is loaded because of it is seen as any other.
#include <aliases.h>
#include <fstab.h>
#include <gshadow.h>
#include <rpc/netdb.h>
#include <shadow.h>

#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

using namespace dyad::inputs;

namespace {

void note_database(const char* path) {
  note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, "/etc/nsswitch.conf");
  note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, path);
}

void note_users() {
  note_database("/etc/passwd");
  note_database("/etc/group");
}

}  // namespace

#define DYAD_USERS(result, name, parameters, arguments) \
  DYAD_INTERPOSE(result, name, parameters) {            \
    if (is_logging()) note_users();                     \
    return real().name arguments;                       \
  }
#define DYAD_DATABASE(path, result, name, parameters, arguments) \
  DYAD_INTERPOSE(result, name, parameters) {                     \
    if (is_logging()) note_database(path);                       \
    return real().name arguments;                                \
  }

DYAD_USERS(passwd*, getpwent, (), ())
DYAD_USERS(passwd*, getpwnam, (const char* name), (name))
DYAD_USERS(passwd*, getpwuid, (uid_t user), (user))
DYAD_USERS(struct group*, getgrent, (), ())
DYAD_USERS(struct group*, getgrnam, (const char* name), (name))
DYAD_USERS(struct group*, getgrgid, (gid_t group), (group))
DYAD_USERS(int, getgrouplist, (const char* user, gid_t group, gid_t* groups, int* count), (user, group, groups, count))
DYAD_USERS(int, initgroups, (const char* user, gid_t group), (user, group))
DYAD_USERS(int, getpw, (uid_t user, char* line), (user, line))
DYAD_USERS(int, getpwent_r, (struct passwd * entry, char* buffer, size_t size, struct passwd** found),
           (entry, buffer, size, found))
DYAD_USERS(int, getpwnam_r, (const char* name, struct passwd* entry, char* buffer, size_t size, struct passwd** found),
           (name, entry, buffer, size, found))
DYAD_USERS(int, getpwuid_r, (uid_t user, struct passwd* entry, char* buffer, size_t size, struct passwd** found),
           (user, entry, buffer, size, found))
DYAD_USERS(int, getgrent_r, (struct group * entry, char* buffer, size_t size, struct group** found),
           (entry, buffer, size, found))
DYAD_USERS(int, getgrnam_r, (const char* name, struct group* entry, char* buffer, size_t size, struct group** found),
           (name, entry, buffer, size, found))
DYAD_USERS(int, getgrgid_r, (gid_t group, struct group* entry, char* buffer, size_t size, struct group** found),
           (group, entry, buffer, size, found))

DYAD_DATABASE("/etc/services", servent*, getservent, (), ())
DYAD_DATABASE("/etc/services", servent*, getservbyname, (const char* name, const char* protocol), (name, protocol))
DYAD_DATABASE("/etc/services", servent*, getservbyport, (int port, const char* protocol), (port, protocol))
DYAD_DATABASE("/etc/services", int, getservent_r,
              (struct servent * entry, char* buffer, size_t size, struct servent** found), (entry, buffer, size, found))
DYAD_DATABASE("/etc/services", int, getservbyname_r,
              (const char* name, const char* protocol, struct servent* entry, char* buffer, size_t size,
               struct servent** found),
              (name, protocol, entry, buffer, size, found))
DYAD_DATABASE("/etc/services", int, getservbyport_r,
              (int port, const char* protocol, struct servent* entry, char* buffer, size_t size,
               struct servent** found),
              (port, protocol, entry, buffer, size, found))

DYAD_DATABASE("/etc/protocols", protoent*, getprotoent, (), ())
DYAD_DATABASE("/etc/protocols", protoent*, getprotobyname, (const char* name), (name))
DYAD_DATABASE("/etc/protocols", protoent*, getprotobynumber, (int number), (number))
DYAD_DATABASE("/etc/protocols", int, getprotoent_r,
              (struct protoent * entry, char* buffer, size_t size, struct protoent** found),
              (entry, buffer, size, found))
DYAD_DATABASE("/etc/protocols", int, getprotobyname_r,
              (const char* name, struct protoent* entry, char* buffer, size_t size, struct protoent** found),
              (name, entry, buffer, size, found))
DYAD_DATABASE("/etc/protocols", int, getprotobynumber_r,
              (int number, struct protoent* entry, char* buffer, size_t size, struct protoent** found),
              (number, entry, buffer, size, found))

DYAD_DATABASE("/etc/networks", netent*, getnetent, (), ())
DYAD_DATABASE("/etc/networks", netent*, getnetbyname, (const char* name), (name))
DYAD_DATABASE("/etc/networks", netent*, getnetbyaddr, (uint32_t net, int type), (net, type))
DYAD_DATABASE("/etc/networks", int, getnetent_r,
              (struct netent * entry, char* buffer, size_t size, struct netent** found, int* error),
              (entry, buffer, size, found, error))
DYAD_DATABASE("/etc/networks", int, getnetbyname_r,
              (const char* name, struct netent* entry, char* buffer, size_t size, struct netent** found, int* error),
              (name, entry, buffer, size, found, error))
DYAD_DATABASE("/etc/networks", int, getnetbyaddr_r,
              (uint32_t net, int type, struct netent* entry, char* buffer, size_t size, struct netent** found,
               int* error),
              (net, type, entry, buffer, size, found, error))

DYAD_DATABASE("/etc/rpc", rpcent*, getrpcent, (), ())
DYAD_DATABASE("/etc/rpc", rpcent*, getrpcbyname, (const char* name), (name))
DYAD_DATABASE("/etc/rpc", rpcent*, getrpcbynumber, (int number), (number))
DYAD_DATABASE("/etc/rpc", int, getrpcent_r, (struct rpcent * entry, char* buffer, size_t size, struct rpcent** found),
              (entry, buffer, size, found))
DYAD_DATABASE("/etc/rpc", int, getrpcbyname_r,
              (const char* name, struct rpcent* entry, char* buffer, size_t size, struct rpcent** found),
              (name, entry, buffer, size, found))
DYAD_DATABASE("/etc/rpc", int, getrpcbynumber_r,
              (int number, struct rpcent* entry, char* buffer, size_t size, struct rpcent** found),
              (number, entry, buffer, size, found))

DYAD_DATABASE("/etc/shadow", spwd*, getspent, (), ())
DYAD_DATABASE("/etc/shadow", spwd*, getspnam, (const char* name), (name))
DYAD_DATABASE("/etc/shadow", int, getspent_r, (struct spwd * entry, char* buffer, size_t size, struct spwd** found),
              (entry, buffer, size, found))
DYAD_DATABASE("/etc/shadow", int, getspnam_r,
              (const char* name, struct spwd* entry, char* buffer, size_t size, struct spwd** found),
              (name, entry, buffer, size, found))

DYAD_DATABASE("/etc/gshadow", sgrp*, getsgent, (), ())
DYAD_DATABASE("/etc/gshadow", sgrp*, getsgnam, (const char* name), (name))
DYAD_DATABASE("/etc/gshadow", int, getsgent_r, (struct sgrp * entry, char* buffer, size_t size, struct sgrp** found),
              (entry, buffer, size, found))
DYAD_DATABASE("/etc/gshadow", int, getsgnam_r,
              (const char* name, struct sgrp* entry, char* buffer, size_t size, struct sgrp** found),
              (name, entry, buffer, size, found))

DYAD_DATABASE("/etc/aliases", aliasent*, getaliasent, (), ())
DYAD_DATABASE("/etc/aliases", aliasent*, getaliasbyname, (const char* name), (name))
DYAD_DATABASE("/etc/aliases", int, getaliasent_r,
              (struct aliasent * entry, char* buffer, size_t size, struct aliasent** found),
              (entry, buffer, size, found))
DYAD_DATABASE("/etc/aliases", int, getaliasbyname_r,
              (const char* name, struct aliasent* entry, char* buffer, size_t size, struct aliasent** found),
              (name, entry, buffer, size, found))

DYAD_DATABASE("/etc/fstab", struct fstab*, getfsent, (), ())
DYAD_DATABASE("/etc/fstab", struct fstab*, getfsspec, (const char* name), (name))
DYAD_DATABASE("/etc/fstab", struct fstab*, getfsfile, (const char* name), (name))

DYAD_DATABASE("/etc/shells", char*, getusershell, (), ())

DYAD_DATABASE("/etc/netgroup", int, setnetgrent, (const char* group), (group))
DYAD_DATABASE("/etc/netgroup", int, innetgr,
              (const char* group, const char* host, const char* user, const char* domain), (group, host, user, domain))
