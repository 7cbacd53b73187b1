/// Objects to one image: lld in process, with the arguments that the clang driver would give it.
///
/// lld keeps global state, so links are serialised. A `fatal` error inside lld leaves that state unusable; from then on
/// ld.lld is run as a process instead, with the same arguments and the same result.
///
/// In process because it is quicker. Measured with clang 22.1.8 and lld 22.1.8 on 2 cores, an image of three objects
/// with all of GoogleTest (1.2 MB): 20-22 ms of CPU in process, 45-50 ms as a process.
#pragma once

#include <cstdint>

#include "codegen/codegen.h"

namespace dyad::codegen {

/// See dyad_codegen.link. 0 or 1.
std::uint32_t link(const dyad_link& what, const dyad_link_sink& sink);

}  // namespace dyad::codegen
