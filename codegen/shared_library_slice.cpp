#include "codegen/shared_library_slice.hpp"

#include <llvm/ADT/BitVector.h>
#include <llvm/ADT/DenseSet.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELF.h>
#include <llvm/Support/Endian.h>

#include <cstring>
#include <vector>

#include "codegen/relocatable_object.hpp"

namespace dyad::codegen {

namespace {

using Elf = llvm::object::ELF64LE;
using Section = Elf::Shdr;
using Symbol = Elf::Sym;
using Word = llvm::support::ulittle32_t;
namespace elf = llvm::ELF;

class Library {
 public:
  /// Of what is not of the format: nothing.
  static std::optional<Library> read(llvm::StringRef bytes) {
    auto file = value_of(llvm::object::ELFFile<Elf>::create(bytes));
    if (!file || !bytes.starts_with("\177ELF\2\1") || file->getHeader().e_type != elf::ET_DYN ||
        file->getHeader().e_machine != elf::EM_X86_64)  // of others, linkers read segments
      return std::nullopt;
    Library library(*file);
    return library.read_sections() && library.read_hash_table() ? std::optional(std::move(library)) : std::nullopt;
  }

  void choose(const llvm::DenseSet<std::uint64_t>& mentioned);
  std::string write() const;

 private:
  explicit Library(llvm::object::ELFFile<Elf> file) : file_(file) {}

  bool read_sections();
  bool read_hash_table();
  void choose_undefined(const llvm::DenseSet<std::uint64_t>& mentioned);
  void choose_defined(std::uint32_t hash);
  void choose_aliases();
  template <class T>
  std::string chosen_of(llvm::ArrayRef<T> table) const;

  llvm::object::ELFFile<Elf> file_;
  llvm::ArrayRef<Section> sections_;
  unsigned symbol_table_ = 0, versions_ = 0, hash_table_ = 0;  ///< sections; 0: none
  llvm::ArrayRef<Symbol> symbols_;
  llvm::StringRef names_;
  // The hash table: a filter, and the symbols from first_hashed_ on, in groups.
  std::uint32_t first_hashed_ = 0, filter_shift_ = 0;
  llvm::ArrayRef<llvm::support::ulittle64_t> filter_;
  llvm::ArrayRef<Word> buckets_, hashes_;
  llvm::BitVector is_chosen_;
};

bool Library::read_sections() {
  auto sections = value_of(file_.sections());
  if (!sections) return false;
  sections_ = *sections;
  for (unsigned i = 1; i < sections_.size(); ++i) {
    unsigned* place = nullptr;
    switch (sections_[i].sh_type) {
      case elf::SHT_DYNSYM:
        place = &symbol_table_;
        break;
      case elf::SHT_GNU_versym:
        place = &versions_;
        break;
      case elf::SHT_GNU_HASH:
        place = &hash_table_;
        break;
      default:
        continue;
    }
    if (*place != 0) return false;
    *place = i;
  }
  if (symbol_table_ == 0 || hash_table_ == 0) return false;
  auto symbols = value_of(file_.symbols(&sections_[symbol_table_]));
  auto names = value_of(file_.getStringTableForSymtab(sections_[symbol_table_], sections_));
  if (!symbols || !names) return false;
  symbols_ = *symbols;
  names_ = *names;
  if (versions_ != 0) {
    auto versions = value_of(file_.getSectionContentsAsArray<Elf::Half>(sections_[versions_]));
    if (!versions || versions->size() != symbols_.size()) return false;
  }
  return !symbols_.empty() && sections_[symbol_table_].sh_info <= symbols_.size();
}

bool Library::read_hash_table() {
  auto content = value_of(file_.getSectionContents(sections_[hash_table_]));
  if (!content || content->size() < 16) return false;
  const auto word = [&](std::size_t i) { return llvm::support::endian::read32le(content->data() + 4 * i); };
  const std::uint64_t buckets = word(0), filter_words = word(2);
  first_hashed_ = word(1);
  filter_shift_ = word(3);
  if (buckets == 0 || filter_words == 0 || !llvm::isPowerOf2_64(filter_words) || filter_shift_ >= 32) return false;
  if (first_hashed_ < sections_[symbol_table_].sh_info || first_hashed_ > symbols_.size()) return false;
  const std::uint64_t hashes = symbols_.size() - first_hashed_;
  if (content->size() < 16 + 8 * filter_words + 4 * (buckets + hashes)) return false;
  const std::uint8_t* at = content->data() + 16;
  filter_ = {reinterpret_cast<const llvm::support::ulittle64_t*>(at), filter_words};
  at += 8 * filter_words;
  buckets_ = {reinterpret_cast<const Word*>(at), buckets};
  hashes_ = {reinterpret_cast<const Word*>(at + 4 * buckets), hashes};
  return true;
}

void Library::choose(const llvm::DenseSet<std::uint64_t>& mentioned) {
  is_chosen_.resize(static_cast<unsigned>(symbols_.size()));
  choose_undefined(mentioned);
  for (const std::uint64_t hash : mentioned) choose_defined(static_cast<std::uint32_t>(hash));
  choose_aliases();
}

/// What the library refers to lies before what is in its hash table.
void Library::choose_undefined(const llvm::DenseSet<std::uint64_t>& mentioned) {
  for (unsigned i = sections_[symbol_table_].sh_info; i < first_hashed_; ++i) {
    auto name = value_of(symbols_[i].getName(names_));
    if (!name || mentioned.contains(symbol_hash(*name))) is_chosen_.set(i);
  }
}

/// A symbol and its older versions are in one group; the last hash of a group has the lowest bit set. The hash alone
/// decides: a symbol too many does no harm.
void Library::choose_defined(std::uint32_t hash) {
  const std::uint64_t bits = (std::uint64_t{1} << (hash % 64)) | (std::uint64_t{1} << ((hash >> filter_shift_) % 64));
  if ((filter_[hash / 64 & (filter_.size() - 1)] & bits) != bits) return;  // its size is a power of two
  std::uint32_t symbol = buckets_[hash % buckets_.size()];
  if (symbol < first_hashed_) return;
  for (; symbol < symbols_.size(); ++symbol) {
    const std::uint32_t other = hashes_[symbol - first_hashed_];
    if ((other | 1) == (hash | 1)) is_chosen_.set(symbol);
    if ((other & 1) != 0) return;
  }
}

void Library::choose_aliases() {
  llvm::DenseSet<std::uint64_t> addresses;
  auto is_object = [](const Symbol& symbol) {
    return symbol.st_shndx != elf::SHN_UNDEF && symbol.getType() != elf::STT_FUNC && symbol.getType() != elf::STT_TLS &&
           symbol.getType() != elf::STT_GNU_IFUNC;
  };
  for (const unsigned i : is_chosen_.set_bits())
    if (is_object(symbols_[i])) addresses.insert(symbols_[i].st_value);
  if (addresses.empty()) return;
  for (unsigned i = first_hashed_; i < symbols_.size(); ++i)
    if (is_object(symbols_[i]) && addresses.contains(symbols_[i].st_value)) is_chosen_.set(i);
}

/// The first entry of a table by symbol, which stands for none, and those of the chosen symbols.
template <class T>
std::string Library::chosen_of(llvm::ArrayRef<T> table) const {
  std::string result;
  auto add = [&](const T& entry) { result.append(reinterpret_cast<const char*>(&entry), sizeof entry); };
  add(table[0]);
  for (const unsigned i : is_chosen_.set_bits()) add(table[i]);
  return result;
}

/// All sections keep their numbers, by which symbols name them; those that no linker reads have no content.
std::string Library::write() const {
  Elf::Ehdr header = file_.getHeader();
  std::string bytes(sizeof header, '\0');
  auto append = [&](const char* data, std::size_t size) {
    bytes.resize(llvm::alignTo(bytes.size(), 16));
    const std::size_t at = bytes.size();
    bytes.append(data, size);
    return at;
  };
  if (auto segments = value_of(file_.program_headers()))  // by these it is known what is read-only
    header.e_phoff = append(reinterpret_cast<const char*>(segments->data()), segments->size() * sizeof(Elf::Phdr));
  std::vector<Section> headers(sections_.begin(), sections_.end());
  for (unsigned i = 1; i < headers.size(); ++i) {
    std::string content;
    if (i == symbol_table_) {
      content = chosen_of(symbols_);
      headers[i].sh_info = 1;
    } else if (i == versions_) {
      content = chosen_of(*value_of(file_.getSectionContentsAsArray<Elf::Half>(sections_[i])));
    } else if (i == sections_[symbol_table_].sh_link || sections_[i].sh_type == elf::SHT_DYNAMIC ||
               sections_[i].sh_type == elf::SHT_GNU_verdef || sections_[i].sh_type == elf::SHT_GNU_verneed ||
               sections_[i].sh_type == elf::SHT_NOTE) {
      auto whole = value_of(file_.getSectionContents(sections_[i]));
      if (!whole) continue;
      headers[i].sh_offset = append(reinterpret_cast<const char*>(whole->data()), whole->size());
      continue;
    } else {
      headers[i].sh_type = elf::SHT_NOBITS;
      headers[i].sh_offset = 0;
      continue;
    }
    headers[i].sh_offset = append(content.data(), content.size());
    headers[i].sh_size = content.size();
  }
  header.e_shoff = append(reinterpret_cast<const char*>(headers.data()), headers.size() * sizeof(Section));
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

}  // namespace

std::uint32_t symbol_hash(llvm::StringRef name) {
  std::uint32_t hash = 5381;
  for (const char letter : name.take_until([](char c) { return c == '@'; }))
    hash = hash * 33 + static_cast<unsigned char>(letter);
  return hash;
}

std::optional<std::string> cut_shared_library(llvm::StringRef bytes, const llvm::DenseSet<std::uint64_t>& mentioned) {
  auto library = Library::read(bytes);
  if (!library) return std::nullopt;
  library->choose(mentioned);
  return library->write();
}

}  // namespace dyad::codegen
