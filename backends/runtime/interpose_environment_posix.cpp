// Interposed: variables, and what the C library makes of them by itself (locale, time zone), and the files that it
// reads on the way.
#include <cstdio>
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
  if ((mask & 1 << LC_MESSAGES) != 0) note_variable("LANGUAGE");
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

/// Conversions between character sets: the lists of them that stand beside the C library.
void note_conversions() {
  if (const char* path = note_variable("GCONV_PATH"); is_set(path))
    note_uncacheable("takes its character conversions from ", path);
  Dl_info library;
  if (dladdr(reinterpret_cast<void*>(real().iconv_open), &library) == 0) return;
  const char* slash = std::strrchr(library.dli_fname, '/');
  char folder[256];
  if (slash == nullptr ||
      std::snprintf(folder, sizeof folder, "%.*s/gconv", static_cast<int>(slash - library.dli_fname),
                    library.dli_fname) >= static_cast<int>(sizeof folder))
    return note_uncacheable("takes its character conversions from far away");
  for (const char* name : {"gconv-modules", "gconv-modules.cache"}) note_path_in(DYAD_RECORD_CONTENT, folder, name);
  note_path_in(DYAD_RECORD_DIRECTORY, folder, "gconv-modules.d");
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

// Without `overwrite` it tells, by what is there afterwards, whether the variable was set.
DYAD_INTERPOSE(int, setenv, (const char* name, const char* value, int overwrite)) {
  if (is_logging() && overwrite == 0 && name != nullptr) note_variable(name);
  return real().setenv(name, value, overwrite);
}
DYAD_INTERPOSE(char*, get_current_dir_name, ()) {
  if (is_logging())
    if (const char* path = note_variable("PWD"); is_set(path)) note_path(DYAD_RECORD_LINK, DYAD_INPUT_UNKNOWN, path);
  return real().get_current_dir_name();
}
DYAD_INTERPOSE(char*, tempnam, (const char* folder, const char* prefix)) {
  if (is_logging()) {
    if (const char* path = note_variable("TMPDIR"); is_set(path)) note_path(DYAD_RECORD_STAT, DYAD_INPUT_UNKNOWN, path);
    note_path(DYAD_RECORD_STAT, DYAD_INPUT_UNKNOWN, folder);
  }
  return real().tempnam(folder, prefix);
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

// By "%Z" and "%s".
DYAD_INTERPOSE(size_t, strftime, (char* text, size_t size, const char* format, const tm* parts)) {
  if (is_logging()) note_time_zone();
  return real().strftime(text, size, format, parts);
}
DYAD_INTERPOSE(size_t, strftime_l, (char* text, size_t size, const char* format, const tm* parts, locale_t locale)) {
  if (is_logging()) note_time_zone();
  return real().strftime_l(text, size, format, parts, locale);
}
DYAD_INTERPOSE(size_t, __strftime_l, (char* text, size_t size, const char* format, const tm* parts, locale_t locale)) {
  return dyad_own_strftime_l(text, size, format, parts, locale);
}
DYAD_INTERPOSE(size_t, wcsftime, (wchar_t * text, size_t size, const wchar_t* format, const tm* parts)) {
  if (is_logging()) note_time_zone();
  return real().wcsftime(text, size, format, parts);
}
DYAD_INTERPOSE(size_t, wcsftime_l,
               (wchar_t * text, size_t size, const wchar_t* format, const tm* parts, locale_t locale)) {
  if (is_logging()) note_time_zone();
  return real().wcsftime_l(text, size, format, parts, locale);
}
DYAD_INTERPOSE(size_t, __wcsftime_l,
               (wchar_t * text, size_t size, const wchar_t* format, const tm* parts, locale_t locale)) {
  return dyad_own_wcsftime_l(text, size, format, parts, locale);
}
DYAD_INTERPOSE(char*, strptime, (const char* text, const char* format, tm* parts)) {
  if (is_logging()) note_time_zone();
  return real().strptime(text, format, parts);
}

DYAD_INTERPOSE(iconv_t, iconv_open, (const char* to, const char* from)) {
  iconv_t result = real().iconv_open(to, from);
  if (is_logging()) {
    KeepErrno keep;
    note_conversions();
    note_loaded();  // the library unloads them when it likes
  }
  return result;
}
