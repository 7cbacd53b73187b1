#include "codegen/prelude_slice.hpp"

#include <llvm/ADT/BitVector.h>
#include <llvm/ADT/CachedHashString.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELF.h>
#include <llvm/Support/Endian.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "codegen/relocatable_object.hpp"

namespace dyad::codegen {

namespace {

using Elf = llvm::object::ELF64LE;
using Section = Elf::Shdr;
using Symbol = Elf::Sym;
using Relocation = Elf::Rela;
using Object = RelocatableObject;
namespace elf = llvm::ELF;

/// A CIE or FDE of .eh_frame.
struct Frame {
  std::size_t offset = 0, size = 0;                        ///< with its length field
  std::size_t first_relocation = 0, relocation_count = 0;  ///< of .eh_frame
  unsigned function = 0;                                   ///< section of an FDE's function; 0: a CIE
  std::size_t cie = 0;                                     ///< of an FDE: its index
};

class Prelude {
 public:
  static std::unique_ptr<Prelude> read(const std::string& path) {
    auto object = Object::read(path);
    if (!object) return nullptr;
    auto prelude = std::make_unique<Prelude>();
    prelude->object_ = std::move(object);
    return prelude->read_sections() && prelude->read_symbols() && prelude->read_frames() ? std::move(prelude) : nullptr;
  }

  std::string cut(llvm::ArrayRef<const Object*> others) const;

 private:
  friend class Slice;

  bool read_sections() {
    const auto sections = object_->sections;
    relocations_.resize(sections.size());
    group_.resize(sections.size());
    for (unsigned i = 1; i < sections.size(); ++i) {
      const Section& section = sections[i];
      switch (section.sh_type) {
        case elf::SHT_PROGBITS:
        case elf::SHT_X86_64_UNWIND:
          if (name_of(section) == ".eh_frame") frames_section_ = i;
          [[fallthrough]];
        case elf::SHT_NOBITS:
          // What a linker keeps although nothing refers to it.
          if ((section.sh_flags & (elf::SHF_GNU_RETAIN | elf::SHF_LINK_ORDER)) != 0) return false;
          break;
        case elf::SHT_RELA:
          if (section.sh_info >= sections.size() || relocations_[section.sh_info] != 0) return false;
          relocations_[section.sh_info] = i;
          break;
        case elf::SHT_GROUP:
          for (const unsigned member : members_of(section)) {
            if (member >= sections.size()) return false;
            group_[member] = i;
          }
          break;
        case elf::SHT_SYMTAB:
        case elf::SHT_STRTAB:
        case elf::SHT_LLVM_ADDRSIG:  // what --icf may fold
          break;
        default:
          return false;  // SHT_INIT_ARRAY, SHT_NOTE and others that act by being there
      }
    }
    return true;
  }

  bool read_symbols() {
    const auto symbols = object_->symbols;
    for (unsigned i = object_->first_global; i < symbols.size(); ++i) {
      const Symbol& symbol = symbols[i];
      if (symbol.st_shndx == elf::SHN_UNDEF) continue;
      if (symbol.getBinding() != elf::STB_WEAK || symbol.st_shndx >= object_->sections.size()) return false;
      definitions_.try_emplace(llvm::CachedHashStringRef(object_->name_of(symbol)), i);
    }
    return true;
  }

  bool read_frames() {
    if (frames_section_ == 0) return true;
    const llvm::StringRef bytes = object_->bytes_of(object_->sections[frames_section_]);
    if (relocations_[frames_section_] == 0) return bytes.empty();
    const auto relocations = relocations_for(frames_section_);
    llvm::DenseMap<std::size_t, std::size_t> cies;
    std::size_t relocation = 0;
    for (std::size_t at = 0; at + 8 <= bytes.size();) {
      const std::uint32_t length = llvm::support::endian::read32le(bytes.data() + at);
      if (length == 0) break;
      if (length == 0xffffffff || length < 4 || at + 4 + length > bytes.size()) return false;
      Frame frame{at, length + 4UL, relocation, 0, 0, 0};
      for (; relocation < relocations.size() && relocations[relocation].r_offset < at + frame.size; ++relocation) {
        if (relocations[relocation].r_offset < at) return false;  // they are in order
        ++frame.relocation_count;
      }
      if (const std::uint32_t back = llvm::support::endian::read32le(bytes.data() + at + 4); back == 0) {
        cies.try_emplace(at, frames_.size());
      } else {
        const auto cie = cies.find(at + 4 - back);
        if (cie == cies.end() || frame.relocation_count == 0) return false;
        frame.cie = cie->second;
        frame.function = section_of(relocations[frame.first_relocation]);
        if (frame.function == 0) return false;
        frames_of_[frame.function].push_back(frames_.size());
      }
      frames_.push_back(frame);
      at += frame.size;
    }
    return relocation == relocations.size();
  }

  llvm::StringRef name_of(const Section& section) const {
    return value_of(object_->file->getSectionName(section)).value_or(llvm::StringRef());
  }
  /// Without the flags.
  llvm::ArrayRef<llvm::support::ulittle32_t> members_of(const Section& group) const {
    const llvm::StringRef bytes = object_->bytes_of(group);
    return llvm::ArrayRef(reinterpret_cast<const llvm::support::ulittle32_t*>(bytes.data()), bytes.size() / 4)
        .drop_front(bytes.empty() ? 0 : 1);
  }
  const Symbol* symbol_of(const Relocation& relocation) const {
    const unsigned symbol = relocation.getSymbol(/*isMips64EL=*/false);
    return symbol < object_->symbols.size() ? &object_->symbols[symbol] : nullptr;
  }
  /// Of a section; none if it has none.
  llvm::ArrayRef<Relocation> relocations_for(unsigned section) const {
    if (relocations_[section] == 0) return {};
    return object_->relocations_of(object_->sections[relocations_[section]]);
  }
  llvm::ArrayRef<Relocation> relocations_of(const Frame& frame) const {
    return relocations_for(frames_section_).slice(frame.first_relocation, frame.relocation_count);
  }
  /// That a relocation refers to; 0: none of this object.
  unsigned section_of(const Relocation& relocation) const {
    const Symbol* symbol = symbol_of(relocation);
    return symbol && symbol->st_shndx < object_->sections.size() ? unsigned{symbol->st_shndx} : 0;
  }

  std::unique_ptr<Object> object_;
  std::vector<unsigned> relocations_;  ///< by section: the section with its relocations, or 0
  std::vector<unsigned> group_;        ///< by section: the group it is in, or 0
  llvm::DenseMap<llvm::CachedHashStringRef, unsigned> definitions_;  ///< symbols
  unsigned frames_section_ = 0;
  std::vector<Frame> frames_;
  llvm::DenseMap<unsigned, llvm::SmallVector<std::size_t, 1>> frames_of_;  ///< by section of their function
};

/// Decides what is needed, and writes it.
class Slice {
 public:
  explicit Slice(const Prelude& prelude)
      : prelude_(prelude),
        object_(*prelude.object_),
        is_needed_(static_cast<unsigned>(object_.sections.size())),
        is_frame_needed_(static_cast<unsigned>(prelude.frames_.size())) {}

  void need(llvm::StringRef name) {
    const auto known = prelude_.definitions_.find(llvm::CachedHashStringRef(name));
    if (known != prelude_.definitions_.end()) need_section(object_.symbols[known->second].st_shndx);
  }
  void follow() {
    while (!pending_.empty()) {
      const unsigned section = pending_.pop_back_val();
      if (const unsigned group = prelude_.group_[section]; group != 0) {
        is_needed_.set(group);
        for (const unsigned member : prelude_.members_of(object_.sections[group])) need_section(member);
      }
      need_targets(prelude_.relocations_for(section));
      if (const auto frames = prelude_.frames_of_.find(section); frames != prelude_.frames_of_.end())
        for (const std::size_t frame : frames->second) need_frame(frame);
    }
  }
  std::string write();

 private:
  void need_section(unsigned section) {
    const std::uint32_t type = object_.sections[section].sh_type;
    if (section == 0 || section == prelude_.frames_section_ || is_needed_.test(section) || type == elf::SHT_RELA)
      return;
    is_needed_.set(section);
    pending_.push_back(section);
  }
  void need_targets(llvm::ArrayRef<Relocation> relocations) {
    for (const Relocation& each : relocations) need_section(prelude_.section_of(each));
  }
  void need_frame(std::size_t index) {
    if (is_frame_needed_.test(static_cast<unsigned>(index))) return;
    is_frame_needed_.set(static_cast<unsigned>(index));
    const Frame& frame = prelude_.frames_[index];
    need_targets(prelude_.relocations_of(frame));
    if (frame.function != 0) need_frame(frame.cie);
  }

  unsigned add_name(llvm::StringRef name) {
    if (name.empty()) return 0;
    const auto at = static_cast<unsigned>(names_.size());
    names_.append(name.data(), name.size());
    names_.push_back('\0');
    return at;
  }
  /// The number of a symbol of the object in the slice.
  unsigned number_of(unsigned symbol) const { return numbers_[symbol]; }
  void choose_symbols();
  void add_symbol(unsigned symbol);
  void align(std::size_t alignment) {
    bytes_.resize(llvm::alignTo(bytes_.size(), std::max<std::size_t>(alignment, 1)));
  }
  struct Frames {
    std::string bytes, relocations;
  };
  std::vector<unsigned> number_sections();
  Frames write_frames() const;
  void add_section(const Section& old, llvm::StringRef content);
  void add_section(unsigned section, const Frames& frames, unsigned symbol_table);
  void add_symbol_table();
  std::string relocated(llvm::ArrayRef<Relocation> relocations, std::int64_t moved = 0) const;

  const Prelude& prelude_;
  const Object& object_;
  llvm::BitVector is_needed_, is_frame_needed_;
  llvm::SmallVector<unsigned, 256> pending_;
  // What is written.
  std::string bytes_;
  std::string names_ = std::string(1, '\0');
  std::vector<unsigned> places_;   ///< by section: its number in the slice, or 0
  std::vector<unsigned> numbers_;  ///< by symbol: likewise
  std::vector<Symbol> symbols_;
  std::vector<Section> headers_;
};

/// Locals first, as the format wants it; of these only what is referred to, for each section has one.
void Slice::choose_symbols() {
  llvm::BitVector is_wanted(static_cast<unsigned>(object_.symbols.size()));
  auto want = [&](llvm::ArrayRef<Relocation> relocations) {
    for (const Relocation& each : relocations) is_wanted.set(each.getSymbol(/*isMips64EL=*/false));
  };
  for (const unsigned section : is_needed_.set_bits()) {
    if (object_.sections[section].sh_type == elf::SHT_GROUP) is_wanted.set(object_.sections[section].sh_info);
    want(prelude_.relocations_for(section));
  }
  for (const unsigned frame : is_frame_needed_.set_bits()) want(prelude_.relocations_of(prelude_.frames_[frame]));
  for (unsigned i = object_.first_global; i < object_.symbols.size(); ++i) {
    const unsigned section = object_.symbols[i].st_shndx;
    if (section != elf::SHN_UNDEF && is_needed_.test(section)) is_wanted.set(i);
  }
  numbers_.resize(object_.symbols.size());
  symbols_.push_back(Symbol{});
  for (const unsigned symbol : is_wanted.set_bits())
    if (symbol != 0) add_symbol(symbol);
}

void Slice::add_symbol(unsigned symbol) {
  Symbol copy = object_.symbols[symbol];
  copy.st_name = add_name(object_.name_of(copy));
  if (copy.st_shndx < object_.sections.size()) copy.st_shndx = static_cast<std::uint16_t>(places_[copy.st_shndx]);
  numbers_[symbol] = static_cast<unsigned>(symbols_.size());
  symbols_.push_back(copy);
}

std::string Slice::relocated(llvm::ArrayRef<Relocation> relocations, std::int64_t moved) const {
  std::string result;
  result.reserve(relocations.size() * sizeof(Relocation));
  for (Relocation each : relocations) {
    each.setSymbol(number_of(each.getSymbol(/*isMips64EL=*/false)), /*IsMips64EL=*/false);
    each.r_offset = each.r_offset + static_cast<std::uint64_t>(moved);
    result.append(reinterpret_cast<const char*>(&each), sizeof each);
  }
  return result;
}

void Slice::add_section(const Section& old, llvm::StringRef content) {
  Section header = old;
  header.sh_name = add_name(prelude_.name_of(header));
  align(header.sh_addralign);
  header.sh_offset = bytes_.size();
  if (header.sh_type != elf::SHT_NOBITS) {
    header.sh_size = content.size();
    bytes_.append(content.data(), content.size());
  }
  headers_.push_back(header);
}

/// Numbers the sections that are written: whatever refers to one is written with its number.
std::vector<unsigned> Slice::number_sections() {
  places_.resize(object_.sections.size());
  std::vector<unsigned> order;
  for (unsigned i = 1; i < object_.sections.size(); ++i) {
    const Section& section = object_.sections[i];
    const bool is_relocation = section.sh_type == elf::SHT_RELA;
    const unsigned subject = is_relocation ? unsigned{section.sh_info} : i;
    const bool is_note =
        section.sh_size == 0 && section.sh_type == elf::SHT_PROGBITS && prelude_.name_of(section) == ".note.GNU-stack";
    const bool is_of_frames = subject == prelude_.frames_section_ && is_frame_needed_.any();
    if (!is_needed_.test(subject) && !is_note && !is_of_frames) continue;
    order.push_back(i);
    places_[i] = static_cast<unsigned>(order.size());
  }
  return order;
}

/// The frames that are needed, and their relocations: both move, and each frame says how far back its CIE is.
Slice::Frames Slice::write_frames() const {
  Frames written;
  if (is_frame_needed_.none()) return written;
  const llvm::StringRef bytes = object_.bytes_of(object_.sections[prelude_.frames_section_]);
  llvm::DenseMap<std::size_t, std::size_t> cies;
  for (const unsigned index : is_frame_needed_.set_bits()) {
    const Frame& frame = prelude_.frames_[index];
    const std::size_t at = written.bytes.size();
    written.bytes.append(bytes.data() + frame.offset, frame.size);
    if (frame.function == 0)
      cies[index] = at;
    else
      llvm::support::endian::write32le(written.bytes.data() + at + 4,
                                       static_cast<std::uint32_t>(at + 4 - cies[frame.cie]));
    written.relocations += relocated(prelude_.relocations_of(frame),
                                     static_cast<std::int64_t>(at) - static_cast<std::int64_t>(frame.offset));
  }
  return written;
}

void Slice::add_section(unsigned section, const Frames& frames, unsigned symbol_table) {
  const Section& old = object_.sections[section];
  if (old.sh_type == elf::SHT_GROUP) {
    std::string content = object_.bytes_of(old).take_front(4).str();
    for (const unsigned member : prelude_.members_of(old)) {
      const std::uint32_t place = places_[member];
      content.append(reinterpret_cast<const char*>(&place), sizeof place);
    }
    add_section(old, content);
    headers_.back().sh_link = symbol_table;
    headers_.back().sh_info = number_of(old.sh_info);
  } else if (old.sh_type == elf::SHT_RELA) {
    const bool is_of_frames = old.sh_info == prelude_.frames_section_;
    add_section(old, is_of_frames ? frames.relocations : relocated(object_.relocations_of(old)));
    headers_.back().sh_link = symbol_table;
    headers_.back().sh_info = places_[old.sh_info];
  } else {
    add_section(old, section == prelude_.frames_section_ ? llvm::StringRef(frames.bytes) : object_.bytes_of(old));
  }
}

/// The symbol table, and behind it all names, its own among them.
void Slice::add_symbol_table() {
  const auto first_global = std::ranges::find_if(
      symbols_.begin() + 1, symbols_.end(), [](const Symbol& each) { return each.getBinding() != elf::STB_LOCAL; });
  add_section(object_.sections[object_.symbol_table],
              {reinterpret_cast<const char*>(symbols_.data()), symbols_.size() * sizeof(Symbol)});
  headers_.back().sh_link = static_cast<unsigned>(headers_.size());
  headers_.back().sh_info = static_cast<unsigned>(first_global - symbols_.begin());
  Section names{};
  names.sh_type = elf::SHT_STRTAB;
  names.sh_name = add_name(".strtab");
  names.sh_addralign = 1;
  names.sh_offset = bytes_.size();
  names.sh_size = names_.size();
  bytes_ += names_;
  headers_.push_back(names);
}

std::string Slice::write() {
  const std::vector<unsigned> order = number_sections();
  choose_symbols();
  const Frames frames = write_frames();
  bytes_.resize(sizeof(Elf::Ehdr));
  headers_.push_back(Section{});
  for (const unsigned section : order) add_section(section, frames, static_cast<unsigned>(order.size() + 1));
  add_symbol_table();

  align(8);
  Elf::Ehdr header = object_.file->getHeader();
  header.e_shoff = bytes_.size();
  header.e_shnum = static_cast<std::uint16_t>(headers_.size());
  header.e_shstrndx = static_cast<std::uint16_t>(headers_.size() - 1);
  bytes_.append(reinterpret_cast<const char*>(headers_.data()), headers_.size() * sizeof(Section));
  std::memcpy(bytes_.data(), &header, sizeof header);
  return std::move(bytes_);
}

std::string Prelude::cut(llvm::ArrayRef<const Object*> others) const {
  Slice slice(*this);
  for (const Object* other : others)
    for (const Symbol& symbol : other->globals())
      if (symbol.st_shndx == elf::SHN_UNDEF) slice.need(other->name_of(symbol));
  slice.follow();
  return slice.write();
}

const Prelude* prelude_at(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const Prelude>> known;
  const std::lock_guard lock(mutex);
  auto [place, is_new] = known.try_emplace(path);
  if (is_new) place->second = Prelude::read(path);
  return place->second.get();
}

}  // namespace

std::optional<std::string> cut_prelude_object(const std::string& object, llvm::ArrayRef<const Object*> others) {
  const Prelude* prelude = prelude_at(object);
  if (!prelude) return std::nullopt;
  return prelude->cut(others);
}

void read_prelude_object(const std::string& object) { (void)prelude_at(object); }

}  // namespace dyad::codegen
