#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "host/build/process_facts.hpp"

namespace dyad::build {

namespace {

/// Asking the kernel by umask() would change it for all threads for a moment.
std::string umask_line() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Umask:")) return "umask " + line.substr(line.find_first_not_of(" \t", 6));
  return "umask unknown";
}

std::string shown(rlim_t limit) { return limit == RLIM_INFINITY ? "unlimited" : fmt::format("{}", limit); }

}  // namespace

std::vector<std::string> process_facts() {
  std::vector<std::string> facts{umask_line(), fmt::format("user {} as {}", ::getuid(), ::geteuid()),
                                 fmt::format("group {} as {}", ::getgid(), ::getegid())};
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(static_cast<int>(groups.size()), groups.data()))));
  facts.push_back(fmt::format("groups {}", fmt::join(groups, " ")));
  constexpr std::pair<const char*, decltype(RLIMIT_AS)> kLimits[] = {
      {"as", RLIMIT_AS},         {"core", RLIMIT_CORE},       {"cpu", RLIMIT_CPU},           {"data", RLIMIT_DATA},
      {"fsize", RLIMIT_FSIZE},   {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
      {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC},     {"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
      {"rttime", RLIMIT_RTTIME}, {"stack", RLIMIT_STACK}};
  for (const auto& [name, resource] : kLimits) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) == 0)
      facts.push_back(fmt::format("limit {} {} of {}", name, shown(limit.rlim_cur), shown(limit.rlim_max)));
  }
  facts.push_back(fmt::format("nice value {}", ::getpriority(PRIO_PROCESS, 0)));
  utsname system{};
  if (::uname(&system) == 0)
    for (auto [what, value] : {std::pair{"kernel", system.sysname},
                               {"host name", system.nodename},
                               {"kernel release", system.release},
                               {"kernel version", system.version},
                               {"machine", system.machine},
                               {"domain", system.domainname}})
      facts.push_back(fmt::format("{} {}", what, value));
  return facts;
}

const std::vector<std::string>& native_processor() {
  static const std::vector<std::string> lines = [] {
    std::vector<std::string> read;
    std::ifstream cpus("/proc/cpuinfo");
    for (std::string line; std::getline(cpus, line) && !line.empty();)
      if (line.starts_with("model name") || line.starts_with("flags") || line.starts_with("Features"))
        read.push_back(line);
    return read;
  }();
  return lines;
}

}  // namespace dyad::build
