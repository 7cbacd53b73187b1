#include <unistd.h>

#include "host/run/descriptor.hpp"

namespace dyad::run {

void Descriptor::close() {
  if (is_open()) ::close(std::exchange(fd_, -1));
}

}  // namespace dyad::run
