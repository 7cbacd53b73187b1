#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "codegen/loaded_files.hpp"

namespace dyad::codegen {

std::string loaded_file_of(const void* address) {
  Dl_info info{};
  if (!dladdr(address, &info) || !info.dli_fname) return "?";
  char* path = realpath(info.dli_fname, nullptr);
  if (!path) return info.dli_fname;
  std::string result = path;
  free(path);
  return result;
}

void map_code_around(const void* code) {
  constexpr std::uintptr_t kLargest = std::uintptr_t{32} << 20;
  auto visit = [](dl_phdr_info* info, std::size_t, void* data) {
    const auto wanted = reinterpret_cast<std::uintptr_t>(data);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = info->dlpi_phdr[i];
      const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
      if (segment.p_type != PT_LOAD || wanted - begin >= segment.p_memsz) continue;
      const std::uintptr_t page = begin & ~(static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)) - 1);
      if (segment.p_memsz <= kLargest)
        madvise(reinterpret_cast<void*>(page), begin + segment.p_memsz - page, MADV_POPULATE_READ);
      return 1;
    }
    return 0;
  };
  dl_iterate_phdr(visit, const_cast<void*>(code));
}

}  // namespace dyad::codegen
