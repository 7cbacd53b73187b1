// main() of executable images: the same function that the dll backend calls after dlopen.
#include "backends/abi/package.h"
#include "backends/runtime/inputs.hpp"

extern "C" const dyad_package* dyad_package_entry(uint32_t abi);

namespace {

void begin(int, char** argv, char** envp) { dyad::inputs::begin_inputs(argv, envp); }
// Before the constructors of all libraries and of the image.
[[gnu::section(".preinit_array"), gnu::used]] void (*const kBegin)(int, char**, char**) = begin;

}  // namespace

int main(int argc, char** argv) { return dyad_package_entry(DYAD_PACKAGE_ABI)->main(argc, argv); }
