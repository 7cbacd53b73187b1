/// What tests inherit from the process that dyad is, besides the environment, and can behave differently for: user and
/// groups, umask, limits of resources, priority; and what uname() says of the system.
#pragma once

#include <string>
#include <vector>

namespace dyad::build {

/// "umask 0022", "user 1000", "limit nofile 1024 of 4096", ...: in a fixed order.
std::vector<std::string> process_facts();

/// What `-march=native` stands for on this machine: lines of the kernel about the first processor, read once.
const std::vector<std::string>& native_processor();

}  // namespace dyad::build
