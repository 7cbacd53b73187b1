// Interposed: variables, and what the C library makes of them by itself (locale, time zone), and the files that it
// reads on the way.
#include <cstring>

#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

using namespace dyad::inputs;

namespace {

const char* note_variable(const char* name) {
  const char* value = real().getenv(name);
  note_environment(name, value);
  return value;
}

bool is_set(const char* value) { return value != nullptr && *value != '\0'; }

void note_file(const char* path) { note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, path); }

/// By category; LC_ALL has a place among them.
constexpr const char* kCategories[] = {
    "LC_CTYPE", "LC_NUMERIC", "LC_TIME",    "LC_COLLATE",   "LC_MONETARY",    "LC_MESSAGES",      "LC_ALL",
    "LC_PAPER", "LC_NAME",    "LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION"};
static_assert(LC_CTYPE == 0 && LC_ALL == 6 && LC_IDENTIFICATION == 12);

/// `mask`: bits of categories.
void note_locale(int mask, const char* name) {
  if (name == nullptr || std::strcmp(name, "C") == 0 || std::strcmp(name, "POSIX") == 0) return;
  bool any = *name != '\0';
  if (!any && !(any = is_set(note_variable("LC_ALL")))) {
    for (int category = 0; category <= LC_IDENTIFICATION; ++category)
      if (category != LC_ALL && (mask & 1 << category) != 0) any = is_set(note_variable(kCategories[category])) || any;
    any = is_set(note_variable("LANG")) || any;
  }
  if (!any) return;
  if (const char* path = note_variable("LOCPATH"); is_set(path)) note_uncacheable("takes its locale from ", path);
  note_file("/usr/lib/locale/locale-archive");
  note_path(DYAD_RECORD_DIRECTORY, DYAD_INPUT_UNKNOWN, "/usr/lib/locale");
}

void note_time_zone() {
  // Asked thousands of times by some programs, and the same value stands at the same place.
  static const char kNever = 0;
  static const char* g_last = &kNever;
  const char* zone = real().getenv("TZ");
  if (__atomic_exchange_n(&g_last, zone, __ATOMIC_RELAXED) == zone) return;
  note_environment("TZ", zone);
  if (zone == nullptr) return note_file("/etc/localtime");
  if (*zone == ':') ++zone;
  if (*zone == '\0' || *zone == '/') return note_file(zone);
  const char* folder = note_variable("TZDIR");
  note_path_in(DYAD_RECORD_CONTENT, is_set(folder) ? folder : "/usr/share/zoneinfo", zone);
}

void note_users() {
  for (const char* path : {"/etc/nsswitch.conf", "/etc/passwd", "/etc/group"}) note_file(path);
}

}  // namespace

DYAD_INTERPOSE(char*, getenv, (const char* name)) {
  char* value = real().getenv(name);
  if (is_logging()) note_environment(name, value);
  return value;
}
DYAD_INTERPOSE(char*, secure_getenv, (const char* name)) {
  char* value = real().secure_getenv(name);
  if (is_logging()) note_environment(name, value);
  return value;
}

DYAD_INTERPOSE(char*, setlocale, (int category, const char* name)) {
  if (is_logging()) note_locale(category == LC_ALL ? ~0 : 1 << category, name);
  return real().setlocale(category, name);
}
DYAD_INTERPOSE(locale_t, newlocale, (int mask, const char* name, locale_t base)) {
  if (is_logging()) note_locale(mask, name);
  return real().newlocale(mask, name, base);
}
DYAD_INTERPOSE(locale_t, __newlocale, (int mask, const char* name, locale_t base)) {
  return dyad_own_newlocale(mask, name, base);
}
DYAD_INTERPOSE(char*, bindtextdomain, (const char* domain, const char* folder)) {
  if (is_logging() && folder != nullptr) note_uncacheable("reads message catalogues in ", folder);
  return real().bindtextdomain(domain, folder);
}
DYAD_INTERPOSE(nl_catd, catopen, (const char* name, int flags)) {
  if (is_logging()) note_uncacheable("reads the message catalogue ", name);
  return real().catopen(name, flags);
}

DYAD_INTERPOSE(void, tzset, ()) {
  if (is_logging()) note_time_zone();
  real().tzset();
}
DYAD_INTERPOSE(tm*, localtime, (const time_t* time)) {
  if (is_logging()) note_time_zone();
  return real().localtime(time);
}
DYAD_INTERPOSE(tm*, localtime_r, (const time_t* time, tm* parts)) {
  if (is_logging()) note_time_zone();
  return real().localtime_r(time, parts);
}
DYAD_INTERPOSE(char*, ctime, (const time_t* time)) {
  if (is_logging()) note_time_zone();
  return real().ctime(time);
}
DYAD_INTERPOSE(char*, ctime_r, (const time_t* time, char* text)) {
  if (is_logging()) note_time_zone();
  return real().ctime_r(time, text);
}
DYAD_INTERPOSE(time_t, mktime, (tm * parts)) {
  if (is_logging()) note_time_zone();
  return real().mktime(parts);
}
DYAD_INTERPOSE(time_t, timelocal, (tm * parts)) {
  if (is_logging()) note_time_zone();
  return real().timelocal(parts);
}

#define DYAD_USERS(result, name, parameters, arguments) \
  DYAD_INTERPOSE(result, name, parameters) {            \
    if (is_logging()) note_users();                     \
    return real().name arguments;                       \
  }
DYAD_USERS(passwd*, getpwent, (), ())
DYAD_USERS(passwd*, getpwnam, (const char* name), (name))
DYAD_USERS(passwd*, getpwuid, (uid_t user), (user))
DYAD_USERS(group*, getgrent, (), ())
DYAD_USERS(group*, getgrnam, (const char* name), (name))
DYAD_USERS(group*, getgrgid, (gid_t group), (group))
DYAD_USERS(int, getgrouplist, (const char* user, gid_t group, gid_t* groups, int* count), (user, group, groups, count))
DYAD_USERS(int, getpwnam_r, (const char* name, passwd* entry, char* buffer, size_t size, passwd** found),
           (name, entry, buffer, size, found))
DYAD_USERS(int, getpwuid_r, (uid_t user, passwd* entry, char* buffer, size_t size, passwd** found),
           (user, entry, buffer, size, found))
DYAD_USERS(int, getgrnam_r, (const char* name, struct group* entry, char* buffer, size_t size, struct group** found),
           (name, entry, buffer, size, found))
DYAD_USERS(int, getgrgid_r, (gid_t group, struct group* entry, char* buffer, size_t size, struct group** found),
           (group, entry, buffer, size, found))
