// Which shared objects are loaded, and where the dynamic loader looked for them before: a library that appears there
// would be taken instead.
#include <alloca.h>
#include <limits.h>
#include <link.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "backends/runtime/inputs.hpp"
#include "backends/runtime/interpose.hpp"

namespace dyad::inputs {

namespace {

/// Calls `each` for the directories in which `map` has its libraries looked for, in order, until it returns true. What
/// /etc/ld.so.cache knows comes before the last ones, the system's own.
template <class Each>
void for_each_directory(link_map* map, Each each) {
  Dl_serinfo size;
  if (dlinfo(map, RTLD_DI_SERINFOSIZE, &size) != 0) return;
  auto* list = static_cast<Dl_serinfo*>(alloca(size.dls_size));
  *list = size;
  if (dlinfo(map, RTLD_DI_SERINFO, list) != 0) return;
  for (unsigned i = 0; i < list->dls_cnt; ++i)
    if (each((&list->dls_serpath[0])[i].dls_name)) return;
}

bool is_loaded(const char* path) {
  for (const link_map* map = _r_debug.r_map; map != nullptr; map = map->l_next)
    if (std::strcmp(map->l_name, path) == 0) return true;
  return false;
}

/// The folders for processors of certain abilities in `directory`, which come before it.
void note_hardware_folders(const char* directory, const char* name) {
  char path[PATH_MAX];
  for (const char* folder : {"tls", "x86_64", "haswell", "avx512_1"}) {  // those of C libraries before 2.37
    std::snprintf(path, sizeof path, "%s/%s", directory, folder);
    note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, path);
  }
  std::snprintf(path, sizeof path, "%s/glibc-hwcaps", directory);
  note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, path);
  if (real().access(path, F_OK) != 0) return;
  note_path(DYAD_RECORD_DIRECTORY, DYAD_INPUT_UNKNOWN, path);
  for (const char* level : {"x86-64-v4", "x86-64-v3", "x86-64-v2"}) {
    std::snprintf(path, sizeof path, "%s/glibc-hwcaps/%s/%s", directory, level, name);
    note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, path);
  }
}

void note_search(link_map* map, const char* name) {
  if (std::strchr(name, '/') != nullptr) return;
  for_each_directory(map, [name](const char* directory) {
    note_hardware_folders(directory, name);
    char path[PATH_MAX];
    std::snprintf(path, sizeof path, "%s/%s", directory, name);
    if (is_loaded(path)) return true;
    note_path(DYAD_RECORD_CONTENT, DYAD_INPUT_UNKNOWN, path);
    return false;
  });
}

void note_needed(link_map* map) {
  const char* strings = nullptr;
  for (const ElfW(Dyn)* entry = map->l_ld; entry != nullptr && entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == DT_STRTAB) strings = reinterpret_cast<const char*>(entry->d_un.d_ptr);
  if (strings == nullptr) return;
  // The loader has made it an address, unless the table is not to be written to.
  if (reinterpret_cast<std::uintptr_t>(strings) < map->l_addr) strings += map->l_addr;
  for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == DT_NEEDED) note_search(map, strings + entry->d_un.d_val);
}

/// Calls `body` while nobody else loads or unloads.
template <class Body>
void under_loader_lock(Body body) {
  dl_iterate_phdr(
      [](dl_phdr_info*, std::size_t, void* context) {
        (*static_cast<Body*>(context))();
        return 1;
      },
      &body);
}

}  // namespace

void note_loaded() {
  KeepErrno keep;
  under_loader_lock([] {
    for (link_map* map = _r_debug.r_map; map != nullptr; map = map->l_next) {
      // The program itself has no name, the kernel's page no slash.
      if (std::strchr(map->l_name, '/') != nullptr) note_path(DYAD_RECORD_LOADED, DYAD_INPUT_PRESENT, map->l_name);
      note_needed(map);
    }
  });
}

void note_search_for(const char* name, const void* address) {
  KeepErrno keep;
  Dl_info info;
  void* map = nullptr;
  if (dladdr1(address, &info, &map, RTLD_DL_LINKMAP) == 0 || map == nullptr) return;
  under_loader_lock([&] { note_search(static_cast<link_map*>(map), name); });
}

}  // namespace dyad::inputs
