#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "host/base/file.hpp"
#include "host/run/plugin_file.hpp"

namespace dyad::run {
namespace fs = std::filesystem;
namespace {

using Header = Elf64_Ehdr;
using Section = Elf64_Shdr;
using Symbol = Elf64_Sym;

/// A structure at `offset`, if it is inside.
template <class T>
std::optional<T> get(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::optional<Section> section_at(std::string_view bytes, const Header& header, std::uint64_t index) {
  if (index >= header.e_shnum || header.e_shentsize != sizeof(Section)) return std::nullopt;
  std::uint64_t offset;
  if (__builtin_add_overflow(header.e_shoff, index * sizeof(Section), &offset)) return std::nullopt;
  return get<Section>(bytes, offset);
}

/// The part of the file that a section names, as far as it exists.
std::string_view contents(std::string_view bytes, const Section& section) {
  if (section.sh_type == SHT_NOBITS || section.sh_offset > bytes.size()) return {};
  return bytes.substr(section.sh_offset, section.sh_size);
}

bool defines(std::string_view bytes, const Header& header, const Section& table, std::string_view name) {
  std::optional<Section> text = section_at(bytes, header, table.sh_link);
  if (!text) return false;
  std::string_view symbols = contents(bytes, table), names = contents(bytes, *text);
  for (std::uint64_t offset = 0; auto symbol = get<Symbol>(symbols, offset); offset += sizeof(Symbol)) {
    if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_VISIBILITY(symbol->st_other) != STV_DEFAULT) continue;
    if (ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || symbol->st_name > names.size()) continue;
    std::string_view rest = names.substr(symbol->st_name);
    if (rest.size() > name.size() && rest.starts_with(name) && rest[name.size()] == '\0') return true;
  }
  return false;
}

/// Why not to trust what `path` holds, or nothing. `noun` begins the sentence: "its folder /x".
std::optional<std::string> distrust(const fs::path& path, const std::string& noun) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return fmt::format("{}: {}", noun, std::strerror(errno));
  if (status.st_uid != 0 && status.st_uid != geteuid())
    return fmt::format("{} belongs to another user (uid {})", noun, status.st_uid);
  if (status.st_mode & S_IWOTH) return fmt::format("{} is world-writable: anybody could have put code there", noun);
  return std::nullopt;
}

}  // namespace

bool is_shared_library(std::string_view bytes) {
  auto header = get<Header>(bytes, 0);
  return header && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
         header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_type == ET_DYN;
}

bool exports_symbol(std::string_view bytes, std::string_view symbol) {
  auto header = get<Header>(bytes, 0);
  if (!header) return false;
  for (std::uint64_t i = 0; auto section = section_at(bytes, *header, i); ++i)
    if (section->sh_type == SHT_DYNSYM && defines(bytes, *header, *section, symbol)) return true;
  return false;
}

Result<fs::path> check_plugin_file(const fs::path& path, const std::string& symbol) {
  auto refuse = [&](const std::string& why) { return fail(fmt::format("plugin {}: {}", path.string(), why)); };
  if (!path.is_absolute()) return refuse("not an absolute path");
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return refuse("no such file");
  fs::path file = fs::canonical(path, error);
  if (error) return refuse(error.message());
  if (status.type() != fs::file_type::regular) return refuse("not a regular file");
  if (auto why = distrust(file, "the file")) return refuse(*why);
  if (auto why = distrust(file.parent_path(), "its folder " + file.parent_path().string())) return refuse(*why);
  Result<std::string> bytes = read_file(file);
  if (!bytes) return fail(bytes.error().within("plugin"));
  if (!is_shared_library(*bytes)) return refuse("not a shared library");
  if (!exports_symbol(*bytes, symbol)) return refuse(fmt::format("does not export {}: not a dyad backend", symbol));
  return file;
}

}  // namespace dyad::run
