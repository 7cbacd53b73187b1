#include "host/plan/link_flags.hpp"

#include <string_view>

namespace dyad::plan {

std::vector<std::string> for_linker(const std::vector<std::string>& flags) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    std::string_view flag = flags[i];
    if (flag.starts_with("-Wl,")) {
      flag.remove_prefix(4);
      for (std::size_t comma = flag.find(','); comma != std::string_view::npos; comma = flag.find(',')) {
        result.emplace_back(flag.substr(0, comma));
        flag.remove_prefix(comma + 1);
      }
      result.emplace_back(flag);
    } else if (flag == "-Xlinker" && i + 1 < flags.size()) {
      result.push_back(flags[++i]);
    } else if (flag == "-pthread") {
      result.emplace_back("-lpthread");
    } else {
      result.emplace_back(flag);
    }
  }
  return result;
}

}  // namespace dyad::plan
