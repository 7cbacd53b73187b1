#include <poll.h>

#include <cerrno>
#include <vector>

#include "host/run/wait_readable.hpp"

namespace dyad::run {

bool wait_readable(std::initializer_list<int> fds, std::optional<std::chrono::milliseconds> limit) {
  std::vector<pollfd> polled;
  for (int fd : fds) polled.push_back({fd, POLLIN, 0});
  for (;;) {
    int ready = ::poll(polled.data(), polled.size(), limit ? static_cast<int>(limit->count()) : -1);
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

}  // namespace dyad::run
