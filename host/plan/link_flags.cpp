#include "host/plan/link_flags.hpp"

#include <algorithm>
#include <iterator>
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

std::vector<std::string> sanitizer_flags(const std::vector<std::string>& flags) {
  std::vector<std::string> result;
  // Lists of files are the compiler's alone.
  std::ranges::copy_if(flags, std::back_inserter(result), [](std::string_view flag) {
    return flag == "-shared-libsan" || flag == "-static-libsan" ||
           ((flag.starts_with("-fsanitize") || flag.starts_with("-fno-sanitize")) && !flag.contains("list="));
  });
  return result;
}

std::string sanitizer_runtimes(const std::vector<std::string>& flags) {
  std::vector<std::string> on;
  bool trap = false;
  auto each = [](std::string_view list, auto&& take) {
    while (!list.empty()) {
      std::string_view one = list.substr(0, list.find(','));
      take(one);
      list.remove_prefix(std::min(list.size(), one.size() + 1));
    }
  };
  for (std::string_view flag : flags) {
    constexpr std::string_view kOn = "-fsanitize=", kOff = "-fno-sanitize=";
    if (flag.starts_with(kOn)) {
      each(flag.substr(kOn.size()), [&](std::string_view one) {
        // These stop the program, or guard it, without help.
        if (!one.starts_with("cfi") && one != "kcfi" && one != "shadow-call-stack" && one != "safe-stack" &&
            std::ranges::find(on, one) == on.end())
          on.emplace_back(one);
      });
    } else if (flag.starts_with(kOff)) {
      each(flag.substr(kOff.size()), [&](std::string_view one) {
        std::erase_if(on, [&](const std::string& name) { return one == "all" || name == one; });
      });
    } else if (flag == "-fsanitize-trap" || flag == "-fsanitize-trap=all" || flag == "-fsanitize-trap=undefined") {
      trap = true;
    } else if (flag.starts_with("-fno-sanitize-trap")) {
      trap = false;
    }
  }
  // What can trap is a part of "undefined": the others have a runtime all the same.
  if (trap)
    std::erase_if(on, [](const std::string& one) {
      return one != "address" && one != "hwaddress" && one != "thread" && one != "memory" && one != "leak" &&
             one != "realtime" && one != "type" && one != "numerical" && one != "fuzzer";
    });
  std::string names;
  for (const std::string& one : on) names += (names.empty() ? "" : ",") + one;
  return names;
}

}  // namespace dyad::plan
