/// One store takes over what another has.
#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "cache/action_file.hpp"
#include "cache/file_list.hpp"
#include "cache/store_state.hpp"

namespace dyad::cache {

using Use = EntryFiles::Use;

Result<Amount> Store::adopt(const std::filesystem::path& directory) {
  const auto place = directory / version_folder();
  OwnedDescriptor opened(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return fail("cannot open " + place.native() + ": " + std::strerror(errno));
  const EntryFiles theirs(std::move(opened), 0);
  Amount adopted;
  // Actions last: whoever finds one wants its output.
  for (auto kind : {EntryKind::kOutput, EntryKind::kAction}) {
    for (const auto& file : list_files(theirs.directory(), std::string(folder_of(kind)), 1)) {
      const auto digest = digest_in(file.name, kind);
      if (!digest) continue;
      const bool is_action = kind == EntryKind::kAction;
      if (is_action ? state_->load(ActionId{*digest}, Use::kLeave).has_value()
                    : state_->verify(OutputId{*digest}, Use::kLeave).has_value())
        continue;
      const EntryName name(kind, *digest);
      const auto bytes = theirs.read(name, is_action ? kLargestActionFile : kLargestOutput, Use::kLeave);
      const bool is_sound =
          bytes && (is_action ? decode_action(ActionId{*digest}, *bytes).has_value() : digest_of(*bytes) == *digest);
      if (!is_sound) continue;
      if (auto written = state_->files.write(name, *bytes); !written)
        return fail(state_->noted(fail(written.error())).error());
      ++adopted.files;
      adopted.bytes += bytes->size();
    }
  }
  return adopted;
}

}  // namespace dyad::cache
