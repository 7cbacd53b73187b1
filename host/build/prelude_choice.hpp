/// Which preludes are worth their making, decided from what sources seem to include. Pure functions; a wrong answer
/// costs time only.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace dyad::build {

/// What of a source's arguments a prelude for it is made with: all but the include roots that differ from directory to
/// directory and the workspace's, dyad's own include directory, and what only silences warnings. The audit sees to it
/// that what is left out makes no difference. `workspace` and `own_include`: absolute.
std::vector<std::string> prelude_arguments(const std::vector<std::string>& arguments,
                                           const std::filesystem::path& workspace,
                                           const std::filesystem::path& own_include);

/// The include roots among `arguments`, in order.
std::vector<std::filesystem::path> include_roots(const std::vector<std::string>& arguments);

/// Those of `roots` that are the workspace or in it.
std::vector<std::filesystem::path> workspace_roots(const std::vector<std::filesystem::path>& roots,
                                                   const std::filesystem::path& workspace);

/// Milliseconds of compilation that a source saves, about, if it need not parse `header` ("vector") and what that
/// includes. Measured for GoogleTest and a few standard headers (docs/why-prelude.md).
unsigned cost_of_header_ms(const std::string& header);

/// What tests usually include, for a prelude that is made before any source is known. Sorted as choose_headers() does.
std::vector<std::string> usual_headers();

/// The headers for a prelude of sources that include these, each source's outside headers a set; besides `known` ones,
/// which an earlier prelude was made for. Empty: not worth it. Sorted; headers that are not the standard library's
/// first.
std::vector<std::string> choose_headers(const std::vector<std::set<std::string>>& sources,
                                        const std::set<std::string>& known);

}  // namespace dyad::build
