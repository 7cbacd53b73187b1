/// What a link needs of inputs that have a hundred times as much: preludes' objects, and the toolchain's libraries.
#pragma once

#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Object/Archive.h>
#include <llvm/Support/MemoryBuffer.h>

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codegen/linker_process.hpp"
#include "codegen/relocatable_object.hpp"

namespace dyad::codegen {

/// For one link; not for several threads at once.
class LinkSlices {
 public:
  /// None: every input as it is.
  LinkSlices() = default;
  /// `objects` and `libraries` are paths of objects, `others` those of everything else that the linker's arguments
  /// name: the toolchain's start files and libraries, scripts. The arguments name no symbols, and no archive from which
  /// members are linked that nobody asks for.
  LinkSlices(const std::vector<std::string>& objects, const std::vector<std::string>& libraries,
             const std::vector<std::string>& others);

  /// Preludes' slices are files without names, which a linker that is a process of its own can open, too.
  std::vector<const UnnamedFile*> files() const;
  /// The arguments with slices in the places of what they are slices of.
  std::vector<std::string> put_into(std::vector<std::string> arguments) const;
  /// What the linker said, about the wholes.
  std::string name_wholes(std::string text) const;
  std::string whole_of(const std::string& path) const;

  /// A shared library's slice: what lld, in this process, shall take for the content of the file. Nothing: all of it.
  /// Lives until use_whole_libraries().
  std::optional<llvm::StringRef> see(llvm::StringRef path, llvm::StringRef bytes);
  /// How many libraries were cut.
  std::uint32_t cut_libraries() const { return static_cast<std::uint32_t>(shared_libraries_.size()); }
  /// If not, something was linked that may mention symbols which were cut away: link again with whole libraries.
  bool were_foreseen() const { return !is_surprised_; }
  void use_whole_libraries();

 private:
  void mention(const RelocatableObject& object);
  void mention(const std::string& path);
  void mention_members();
  bool mention_members(const llvm::object::Archive& archive);

  std::map<std::string, UnnamedFile> preludes_;
  std::list<std::string> shared_libraries_;
  std::set<std::string, std::less<>> known_;       ///< files of which `mentioned_` has what matters
  std::set<std::string, std::less<>> toolchains_;  ///< paths or names of shared libraries that may be cut
  llvm::DenseSet<std::uint64_t> mentioned_;        ///< hashes of symbols; empty: libraries are not cut
  std::map<std::string, std::unique_ptr<llvm::MemoryBuffer>> archives_;  ///< of which it has nothing yet
  bool is_surprised_ = false;
};

}  // namespace dyad::codegen
